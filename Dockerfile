# The lab alone: one static binary and a directory for its CA. "make image" builds the binary and then this. Nothing is
# pulled. To build the binary here as well, see docs/container.md.
FROM scratch

LABEL org.opencontainers.image.title="ssolab" \
      org.opencontainers.image.description="Enterprise sign-in behind Amazon Cognito, whole and offline; a mock for development and tests" \
      org.opencontainers.image.licenses="Apache-2.0"

COPY --chown=65532:65532 container/rootfs/ /
COPY bin/image/ssolab /ssolab

# The root file system may be read-only: the CA, made with TLS only, is all that is ever written.
USER 65532:65532
ENV SSOLAB_CA_DIR=/data/ca

# console, Cognito, Scalekit, sample app, identity providers; with names, all of them on one TLS port
EXPOSE 9400 9401 9402 9403 9404 9443

HEALTHCHECK --interval=5s --timeout=3s --start-period=5s CMD ["/ssolab", "health"]
ENTRYPOINT ["/ssolab"]
# Publish the ports on the host's 127.0.0.1 only, under the same numbers.
CMD ["up", "--bind", "0.0.0.0"]
