// Signs in through the chain of the variables in the environment, with openid-client and the parameters of the
// integration guide: scope "openid email phone", state, nonce, no PKCE, identity_provider and login_hint.

import assert from 'node:assert/strict';
import test from 'node:test';

import { Issuer, errors, generators } from 'openid-client';

import { Browser, submit } from './browser.mjs';

const env = process.env;
for (const name of ['COGNITO_ISSUER', 'COGNITO_CLIENT_ID', 'COGNITO_CLIENT_SECRET', 'COGNITO_REDIRECT_URI', 'COGNITO_IDENTITY_PROVIDER']) {
  assert.ok(env[name], `${name} is not set; run this with: ssolab run -- npm test`);
}

async function newClient() {
  const issuer = await Issuer.discover(env.COGNITO_ISSUER);
  return new issuer.Client({
    client_id: env.COGNITO_CLIENT_ID,
    client_secret: env.COGNITO_CLIENT_SECRET,
    redirect_uris: [env.COGNITO_REDIRECT_URI],
    response_types: ['code'],
  });
}

async function signIn(client, browser, email, checks) {
  const address = client.authorizationUrl({
    scope: 'openid email phone', ...checks, identity_provider: env.COGNITO_IDENTITY_PROVIDER, login_hint: email,
  });
  const params = client.callbackParams(await browser.follow(address, env.COGNITO_REDIRECT_URI));
  return client.callback(env.COGNITO_REDIRECT_URI, params, { ...checks, response_type: 'code' });
}

const fresh = () => ({ state: generators.state(), nonce: generators.nonce() });

test('signs in with the parameters of the guide', async () => {
  const client = await newClient();
  const tokens = await signIn(client, new Browser(), 'john@example.com', fresh());
  assert.equal(tokens.claims().email, 'john@example.com');
  assert.equal(tokens.claims().email_verified, false, 'a boolean in the ID token');
  assert.deepEqual({ ...(await client.userinfo(tokens.access_token)) }, {
    sub: '807c593c-d0c1-709c-598f-633ec61bcc8b',
    email_verified: 'false',
    email: 'john@example.com',
    username: 'ScalekitIdPRouter_conn_60040666217971987;a2c49d97-d36f-460f-97c2-87eb295095af',
  });
  const refreshed = await client.refresh(tokens.refresh_token);
  assert.equal(refreshed.claims().sub, tokens.claims().sub);
});

test('a person of another organization signs in at another identity provider', async () => {
  const client = await newClient();
  const tokens = await signIn(client, new Browser(), 'john@megasoft.org', fresh());
  assert.equal(tokens.claims().email, 'john@megasoft.org');
});

test('the nonce trap: without a nonce the first sign-in is refused and the second is not', async () => {
  const client = await newClient();
  const browser = new Browser();
  const state = generators.state();
  await assert.rejects(signIn(client, browser, 'enterpriseuser@example.org', { state }), (err) => {
    assert.ok(err instanceof errors.RPError);
    assert.match(err.message, /nonce mismatch, expected undefined/);
    return true;
  });
  const tokens = await signIn(client, browser, 'enterpriseuser@example.org', { state });
  assert.equal(tokens.claims().nonce, undefined);
  assert.equal(browser.pages, 1, 'the second sign-in is silent');
});

test('a changed state is refused', async () => {
  const client = await newClient();
  const checks = fresh();
  const address = client.authorizationUrl({
    scope: 'openid', ...checks, identity_provider: env.COGNITO_IDENTITY_PROVIDER, login_hint: 'john@example.com',
  });
  const params = client.callbackParams(await new Browser().follow(address, env.COGNITO_REDIRECT_URI));
  params.state += 'x';
  await assert.rejects(client.callback(env.COGNITO_REDIRECT_URI, params, checks), /state mismatch/);
});

test('forms are submitted as browsers submit them', () => {
  const at = new URL('http://a/x?y=1');
  const got = submit(at, `<form method=post action="/z?q=&amp;r"><input name=a value='&lt;1&#39;'><input type=checkbox name=b checked>
    <input type=radio name=c value=no><select name=d><option>one<option value=2 selected>two</select>
    <textarea name=e>t &amp; u</textarea><input type=submit name=f value=g><button name=h value=i>go</button></form>`);
  assert.equal(got.url.href, 'http://a/z?q=&r');
  assert.equal(got.method, 'POST');
  assert.equal(got.body, new URLSearchParams([['a', "<1'"], ['b', 'on'], ['d', '2'], ['e', 't & u'], ['h', 'i']]).toString());
});
