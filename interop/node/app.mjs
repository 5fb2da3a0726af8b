// An application as they are deployed: issuer and provider are written into the code, and nothing in it knows of
// ssolab. It signs in with openid-client, keeps a session, and signs out at Cognito's domain.

import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';

import { Issuer, generators } from 'openid-client';

const ISSUER = 'https://cognito-idp.eu-north-1.amazonaws.com/eu-north-1_6m0O668r5';
const PROVIDER = 'ScalekitOIDC123';

const origin = 'http://localhost:3000';
const clientId = process.env.COGNITO_CLIENT_ID ?? 'k6tana1l8b0bvhk9gfijkurr6';
const redirectUri = process.env.REDIRECT_URI ?? `${origin}/auth/callback`;
const sessions = new Map();

let client; // discovered at the first sign-in
async function cognito() {
  client ??= new (await Issuer.discover(ISSUER)).Client({
    client_id: clientId,
    client_secret: process.env.COGNITO_CLIENT_SECRET ?? '', // none: HTTP Basic with an empty password
    redirect_uris: [redirectUri],
    response_types: ['code'],
  });
  return client;
}

const routes = {
  async '/auth/login'(session, query) {
    session.checks = { state: generators.state(), nonce: generators.nonce() };
    const address = (await cognito()).authorizationUrl({
      scope: 'openid email phone', ...session.checks, identity_provider: PROVIDER, login_hint: query.get('email') ?? '',
    });
    return { location: address };
  },
  async '/auth/callback'(session, query) {
    const op = await cognito();
    const tokens = await op.callback(redirectUri, op.callbackParams(`/?${query}`), session.checks);
    session.user = await op.userinfo(tokens.access_token);
    session.claims = tokens.claims();
    return { location: `${origin}/dashboard` };
  },
  async '/dashboard'(session) {
    return session.user ? { body: { user: session.user, claims: session.claims } } : { location: `${origin}/auth/login` };
  },
  async '/auth/logout'(session) {
    delete session.user;
    const domain = `https://${process.env.COGNITO_DOMAIN}.auth.${process.env.AWS_REGION}.amazoncognito.com`;
    return { location: `${domain}/logout?${new URLSearchParams({ client_id: clientId, logout_uri: origin })}` };
  },
};

createServer(async (request, response) => {
  const url = new URL(request.url, origin);
  let id = /(?:^|; )session=([^;]+)/.exec(request.headers.cookie ?? '')?.[1];
  if (!sessions.has(id)) sessions.set((id = randomUUID()), {});
  response.setHeader('set-cookie', `session=${id}; Path=/; HttpOnly; SameSite=Lax`);
  try {
    const answer = (await routes[url.pathname]?.(sessions.get(id), url.searchParams)) ?? { status: 404, body: 'not found' };
    if (answer.location) response.writeHead(302, { location: answer.location }).end();
    else response.writeHead(answer.status ?? 200, { 'content-type': 'application/json' }).end(JSON.stringify(answer.body));
  } catch (err) {
    response.writeHead(500, { 'content-type': 'text/plain' }).end(err.stack);
  }
}).listen(3000, 'localhost', () => console.log('listening'));
