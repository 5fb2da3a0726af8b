// Signs in to app.mjs and out again, under the vendors' names. Run by ../vendor.sh, which makes the names lead here.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { after, before, test } from 'node:test';

import { Browser } from './browser.mjs';

const origin = 'http://localhost:3000';
const domain = 'https://vendor-example.auth.eu-north-1.amazoncognito.com';
let app;

before(async () => {
  app = spawn(process.execPath, [new URL('app.mjs', import.meta.url).pathname], {
    env: { ...process.env, COGNITO_DOMAIN: 'vendor-example', AWS_REGION: 'eu-north-1' }, stdio: ['ignore', 'pipe', 'inherit'],
  });
  const first = await Promise.race([once(app.stdout, 'data'), once(app, 'exit').then(() => ['it ended'])]);
  assert.equal(String(first[0]), 'listening\n');
});

after(() => app.kill());

class Person extends Browser {
  // dashboard signs in and reads what the app knows.
  async dashboard(email) {
    await this.follow(`${origin}/auth/login?email=${encodeURIComponent(email)}`, `${origin}/dashboard`);
    const response = await fetch(`${origin}/dashboard`, { headers: { cookie: this.cookies('localhost') } });
    assert.equal(response.status, 200);
    return response.json();
  }
}

test('an app with issuer and provider in its code signs in unchanged', async () => {
  const { user, claims } = await new Person().dashboard('john@example.com');
  assert.equal(claims.iss, 'https://cognito-idp.eu-north-1.amazonaws.com/eu-north-1_6m0O668r5');
  assert.equal(claims.aud, 'k6tana1l8b0bvhk9gfijkurr6');
  assert.equal(user.email, 'john@example.com');
  assert.match(user.username, /^ScalekitOIDC123_conn_60040666217971987;a2c49d97-d36f-460f-97c2-87eb295095af$/);
});

test('its sign-out address is the real one, and leads back to it', async () => {
  const leave = await fetch(`${origin}/auth/logout`, { redirect: 'manual' });
  const address = leave.headers.get('location');
  assert.equal(address, `${domain}/logout?client_id=k6tana1l8b0bvhk9gfijkurr6&logout_uri=http%3A%2F%2Flocalhost%3A3000`);
  const back = await fetch(address, { redirect: 'manual' });
  assert.equal(back.status, 302);
  assert.equal(back.headers.get('location').replace(/\/$/, ''), origin);
});

test('the names are the vendors\' and have no port', async () => {
  const discovery = await (await fetch('https://cognito-idp.eu-north-1.amazonaws.com/eu-north-1_6m0O668r5/.well-known/openid-configuration')).json();
  assert.equal(discovery.issuer, 'https://cognito-idp.eu-north-1.amazonaws.com/eu-north-1_6m0O668r5');
  assert.equal(discovery.authorization_endpoint, `${domain}/oauth2/authorize`);
  assert.equal(new URL(discovery.jwks_uri).host, 'cognito-idp.eu-north-1.amazonaws.com');
});
