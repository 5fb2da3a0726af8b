// Scalekit between parties that know nothing of it: identity providers behind it (oidc-provider over OpenID Connect, samlp over
// SAML 2.0), a client in front of it without Cognito (openid-client 6), and a service provider in its place (node-saml), which
// takes the assertions of the lab's own identity providers.
//
//	openid-client 6 ─► Scalekit ─► oidc-provider | samlp | the lab's identity providers ─► node-saml
//
// SSOLAB names the binary, whose lab is told of the identity providers by a lab file.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import http from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import test, { after, before } from 'node:test';

import { SAML } from '@node-saml/node-saml';
import Provider from 'oidc-provider';
import * as openid from 'openid-client-6';
import samlp from 'samlp';
import selfsigned from 'selfsigned';

import { Browser } from './browser.mjs';

const callback = 'http://localhost:3000/auth/callback';
const characters = { okta: 'OKTA', entra: 'MICROSOFT_AD', google: 'GOOGLE', plain: 'CUSTOM' };

let lab; // {env, stop}
let openidProvider; // {url, use, close}
let samlProvider;
let directory;

// serve listens on a free port; use sets the handler, which may need the address.
async function serve() {
  let handler;
  const server = http.createServer((req, res) => handler(req, res)).listen(0, 'localhost');
  await once(server, 'listening');
  return { url: `http://localhost:${server.address().port}`, use: (h) => { handler = h; }, close: () => server.closeAllConnections() ?? server.close() };
}

// startLab starts a lab with the file and reads the variables that an application would be given.
async function startLab(file) {
  const script = 'console.log(JSON.stringify(process.env)); process.stdin.resume().on("end", () => process.exit())';
  const child = spawn(process.env.SSOLAB, ['run', '--config', file, '--', process.execPath, '-e', script], { stdio: ['pipe', 'pipe', 'inherit'] });
  const [line] = await Promise.race([
    once(createInterface(child.stdout), 'line'),
    once(child, 'exit').then(([code]) => { throw new Error(`ssolab ended with ${code}`); }),
  ]);
  return { env: JSON.parse(line), stop: async () => { child.stdin.end(); await once(child, 'exit'); } };
}

before(async () => {
  assert.ok(process.env.SSOLAB, 'SSOLAB is not set; run this with: make interop');
  [openidProvider, samlProvider] = await Promise.all([serve(), serve()]);
  directory = await mkdtemp(path.join(tmpdir(), 'ssolab-interop-'));
  const file = path.join(directory, 'lab.yaml');
  const organization = (name, connection) => `    - {id: org_${name}, display_name: ${name}, domains: [${name}.test], connections: [{id: conn_${name}, ${connection}}]}\n`;
  await writeFile(file, `scalekit:
  organizations:
${organization('oidc', `provider: CUSTOM, oidc: {issuer: "${openidProvider.url}", client_id: scalekit, client_secret: the-secret-at-oidc-provider}`)
  + organization('form', `provider: CUSTOM, oidc: {issuer: "${openidProvider.url}", client_id: scalekit-form, client_secret: the-secret-at-oidc-provider, token_auth_type: URL_PARAMS, pkce_enabled: false}`)
  + organization('saml', `provider: CUSTOM, type: SAML, attribute_mapping: {email: "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress", given_name: "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/givenname", family_name: "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/surname"}, saml: {idp_metadata_url: "${samlProvider.url}/metadata"}`)
  + Object.entries(characters).map(([name, provider]) => organization(name, `provider: ${provider}, type: SAML`)).join('')}
people:
${Object.keys(characters).map((name) => `  - {email: ann@${name}.test, given_name: Ann, family_name: Lee, password: the-password-of-ann, groups: [staff, "R&D <all>"]}\n`).join('')}`);
  lab = await startLab(file);
  openidProvider.use(newOpenIDProvider(lab.env.SCALEKIT_ENVIRONMENT_URL));
  samlProvider.use(await newSAMLProvider(lab.env.SCALEKIT_ENVIRONMENT_URL));
});

after(async () => {
  await lab?.stop();
  openidProvider?.close();
  samlProvider?.close();
  if (directory) await rm(directory, { recursive: true });
});

// newOpenIDProvider is oidc-provider as it comes, with Scalekit as two clients and whoever signs in as an account.
function newOpenIDProvider(scalekit) {
  const client = (id, connection, method) => ({
    client_id: id, client_secret: 'the-secret-at-oidc-provider', token_endpoint_auth_method: method,
    redirect_uris: [`${scalekit}/sso/v1/oidc/${connection}/callback`],
  });
  const provider = new Provider(openidProvider.url, {
    clients: [client('scalekit', 'conn_oidc', 'client_secret_basic'), client('scalekit-form', 'conn_form', 'client_secret_post')],
    claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['given_name', 'family_name', 'name'] },
    pkce: { required: () => false },
    cookies: { keys: ['a key of this test'] },
    findAccount: (ctx, id) => ({
      accountId: id,
      claims: async () => ({ sub: id, email: id, email_verified: true, given_name: 'Olga', family_name: 'Pine', name: 'Olga Pine' }),
    }),
  });
  return provider.callback();
}

// newSAMLProvider is samlp with a person who is always signed in. It wants a framework; this is what it uses of one.
async function newSAMLProvider(scalekit) {
  const keys = await selfsigned.generate([{ name: 'commonName', value: 'samlp' }], { keySize: 2048, algorithm: 'sha256' });
  const acs = `${scalekit}/sso/v1/saml/conn_saml/callback`;
  const options = {
    issuer: 'urn:samlp:of:this:test', cert: keys.cert, key: keys.private, destination: acs, recipient: acs,
    getPostURL: (audience, request, req, done) => done(null, acs),
    getUserFromRequest: () => ({ id: 'sam|1234', emails: [{ value: 'sam@saml.test' }], displayName: 'Sam Elm', name: { givenName: 'Sam', familyName: 'Elm' } }),
  };
  const routes = { '/metadata': samlp.metadata({ ...options, redirectEndpointPath: '/sso', postEndpointPath: '/sso' }), '/sso': samlp.auth(options) };
  return (req, res) => {
    const url = new URL(req.url, samlProvider.url);
    Object.assign(req, { query: Object.fromEntries(url.searchParams), protocol: 'http', originalUrl: req.url });
    Object.assign(res, { set: (name, value) => res.setHeader(name, value), send: (body) => res.end(body) });
    const fail = (err) => { res.statusCode = 500; res.end(String(err?.stack ?? err)); };
    try { routes[url.pathname](req, res, fail); } catch (err) { fail(err); }
  };
}

// signIn goes from the application, which is openid-client 6 on Scalekit itself, to the claims.
async function signIn(email, browser) {
  const { SCALEKIT_ENVIRONMENT_URL: issuer, SCALEKIT_CLIENT_ID: id, SCALEKIT_CLIENT_SECRET: secret } = lab.env;
  const config = await openid.discovery(new URL(issuer), id, secret, undefined, { execute: [openid.allowInsecureRequests] });
  const checks = { expectedState: openid.randomState(), expectedNonce: openid.randomNonce(), pkceCodeVerifier: openid.randomPKCECodeVerifier() };
  const address = openid.buildAuthorizationUrl(config, {
    redirect_uri: callback, scope: 'openid email profile', login_hint: email, state: checks.expectedState, nonce: checks.expectedNonce,
    code_challenge: await openid.calculatePKCECodeChallenge(checks.pkceCodeVerifier), code_challenge_method: 'S256',
  });
  const answer = await browser.follow(address.href, callback);
  const tokens = await openid.authorizationCodeGrant(config, new URL(answer), checks);
  const claims = tokens.claims();
  const info = await openid.fetchUserInfo(config, tokens.access_token, claims.sub);
  return { claims, info };
}

test('openid-client 6 takes the issuer, and oidc-provider is a connection\'s identity provider', async () => {
  for (const name of ['oidc', 'form']) {
    const email = `olga@${name}.test`;
    const { claims, info } = await signIn(email, new Browser({ login: email, password: 'any' }));
    assert.equal(claims.sub, `conn_${name};${email}`);
    assert.deepEqual([claims.email, claims.email_verified, claims.given_name, claims.family_name], [email, true, 'Olga', 'Pine']);
    assert.deepEqual(claims.amr, [`conn_${name}`]);
    assert.equal(claims.oid, `org_${name}`);
    assert.equal(info.email, email);
  }
});

test('samlp is a connection\'s identity provider, read by its metadata', async () => {
  const { claims, info } = await signIn('sam@saml.test', new Browser());
  assert.equal(claims.sub, 'conn_saml;sam|1234');
  assert.deepEqual([claims.email, claims.given_name, claims.family_name], ['sam@saml.test', 'Sam', 'Elm']);
  assert.equal(info.sub, claims.sub);
});

// serviceProvider is node-saml in Scalekit's place: it knows the identity provider by its metadata alone.
async function serviceProvider(metadata, acs, entity, edits = {}) {
  const certificates = [...metadata.matchAll(/<(?:\w+:)?X509Certificate>([^<]+)</g)].map(([, text]) => text.replace(/\s/g, ''));
  assert.ok(certificates.length > 0, metadata);
  return new SAML({
    callbackUrl: acs, issuer: entity, audience: entity, idpCert: certificates,
    wantAssertionsSigned: false, wantAuthnResponseSigned: false, validateInResponseTo: 'never', ...edits,
  });
}

for (const name of Object.keys(characters)) {
  test(`node-saml takes the assertion of the lab's ${name} identity provider`, async () => {
    const browser = new Browser();
    const { claims } = await signIn(`ann@${name}.test`, browser);
    const { url, body } = browser.sent.find(({ body }) => body?.includes('SAMLResponse='));
    const redirect = browser.sent.find(({ url }) => url.searchParams.has('SAMLRequest'));
    const home = await (await fetch(`${lab.env.SCALEKIT_ENVIRONMENT_URL}/sso/v1/saml/conn_${name}`)).text();
    const entity = /entityID="([^"]+)"/.exec(home)[1];
    const metadata = await (await fetch(metadataOf(name, redirect.url))).text();
    const container = Object.fromEntries(new URLSearchParams(body));
    const signed = name === 'plain' ? { wantAuthnResponseSigned: true } : { wantAssertionsSigned: true };
    const { profile } = await (await serviceProvider(metadata, url.href, entity, signed)).validatePostResponseAsync(container);
    assert.equal(`conn_${name};${profile.nameID}`, claims.sub);
    assert.ok(Object.values(profile.attributes).flat().includes(`ann@${name}.test`));
    if (name !== 'entra') assert.ok(Object.values(profile.attributes).flat().includes('R&D <all>'), 'a group as it is called');

    for (const [what, edits] of Object.entries({ audience: { audience: 'urn:other' }, certificate: { idpCert: (await selfsigned.generate()).cert } })) {
      const strict = await serviceProvider(metadata, url.href, entity, { ...signed, ...edits });
      await assert.rejects(strict.validatePostResponseAsync(container), undefined, `another ${what} is refused: the check is one`);
    }
    const changed = Buffer.from(container.SAMLResponse, 'base64').toString().replaceAll('Ann', 'Eve');
    const sp = await serviceProvider(metadata, url.href, entity, signed);
    await assert.rejects(sp.validatePostResponseAsync({ ...container, SAMLResponse: Buffer.from(changed).toString('base64') }), /signature/i);
  });
}

// metadataOf is where an identity provider of the lab publishes its metadata, beside its sign-on service.
function metadataOf(name, sso) {
  const tenant = /^\/entra\/([^/]+)/.exec(sso.pathname)?.[1];
  return new URL({
    okta: '/okta/app/scalekit/sso/saml/metadata', entra: `/entra/${tenant}/federationmetadata/2007-06/federationmetadata.xml`,
    google: '/google/o/saml2/metadata', plain: '/plain/saml/metadata',
  }[name], sso);
}
