// Serves oidc-provider with its own development login pages, by the settings below and its defaults otherwise.
// CERT and KEY name PEM files, CALLBACK is the redirect URI of both clients, LOGOUT where a sign-out leads to. It takes a
// free port and prints the issuer.
import { createServer } from "node:https";
import { readFileSync } from "node:fs";
import Provider from "oidc-provider";

const { CERT, KEY, CALLBACK, LOGOUT, SECRET } = process.env;
const client = (client_id) => ({
  client_id,
  client_secret: SECRET,
  redirect_uris: [CALLBACK],
  post_logout_redirect_uris: [LOGOUT],
  grant_types: ["authorization_code", "refresh_token"],
  response_types: ["code"],
});

let handler = (_, res) => res.writeHead(503).end();
const server = createServer({ cert: readFileSync(CERT), key: readFileSync(KEY) }, (req, res) => handler(req, res));
server.listen(0, "127.0.0.1", () => {
  const issuer = `https://127.0.0.1:${server.address().port}`;
  const provider = new Provider(issuer, {
    clients: [client("first"), client("second")],
    claims: { openid: ["sub"], email: ["email", "email_verified"] },
    features: { revocation: { enabled: true } },
    pkce: { required: () => false },
    issueRefreshToken: () => true,
    findAccount: (_, sub) => ({ accountId: sub, claims: () => ({ sub, email: sub, email_verified: true }) }),
    ttl: { AccessToken: 3600, IdToken: 3600, AuthorizationCode: 60, RefreshToken: 86400, Grant: 86400, Interaction: 600, Session: 86400 },
  });
  handler = provider.callback();
  console.log(issuer);
});
// The parent ends it by closing its input.
process.stdin.on("end", () => process.exit(0)).resume();
