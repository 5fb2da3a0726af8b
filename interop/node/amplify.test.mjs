// Signs in through the whole chain with Amplify's redirect sign-in, whose session opener is given a browser; refreshes by
// force, and signs out. Amplify speaks https only, so the lab has TLS, and Node trusts its CA by NODE_EXTRA_CA_CERTS.

import assert from 'node:assert/strict';
import test from 'node:test';

import { Amplify } from 'aws-amplify';
import { fetchAuthSession, signInWithRedirect, signOut } from 'aws-amplify/auth';

import { Browser } from './browser.mjs';

const env = process.env;
const redirect = 'http://localhost:3000/';

// The page that the app is on, as far as Amplify asks for it: it compares the address, and leaves to sign out.
const left = [];
const location = { origin: 'http://localhost:3000', hostname: 'localhost', pathname: '/', set href(to) { left.push(to); } };
globalThis.window = Object.assign(new EventTarget(), { location, history: { replaceState() {} } });

test('Amplify: redirect sign-in, forced refresh, sign-out', async () => {
  Amplify.configure({ Auth: { Cognito: {
    userPoolId: env.COGNITO_USER_POOL_ID, userPoolClientId: env.COGNITO_PUBLIC_CLIENT_ID, userPoolEndpoint: env.AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER,
    loginWith: { oauth: { domain: new URL(env.COGNITO_DOMAIN_URL).host, scopes: ['openid', 'email', 'profile'], redirectSignIn: [redirect], redirectSignOut: [redirect], responseType: 'code' } },
  } } });
  const browser = new Browser();
  const seen = [];
  const authSessionOpener = async (address) => {
    seen.push(new URL(address));
    return { type: 'success', url: await browser.follow(address, redirect) };
  };
  await signInWithRedirect({ provider: { custom: env.COGNITO_IDENTITY_PROVIDER }, options: { loginHint: 'john@example.com', authSessionOpener } });
  assert.equal(seen[0].searchParams.get('code_challenge_method'), 'S256');
  const first = (await fetchAuthSession()).tokens;
  assert.equal(first.idToken.payload.email, 'john@example.com');
  assert.equal(first.idToken.payload.sub, '807c593c-d0c1-709c-598f-633ec61bcc8b');
  const second = (await fetchAuthSession({ forceRefresh: true })).tokens;
  assert.notEqual(second.accessToken.toString(), first.accessToken.toString());
  assert.equal(second.accessToken.payload.origin_jti, first.accessToken.payload.origin_jti);
  await signOut();
  assert.equal((await fetchAuthSession()).tokens, undefined);
  assert.equal(left.length, 1, 'the page is left for the sign-out endpoint');
  assert.equal(await browser.follow(left[0], redirect), redirect);
  const pages = browser.pages;
  await signInWithRedirect({ provider: { custom: env.COGNITO_IDENTITY_PROVIDER }, options: { loginHint: 'john@example.com', authSessionOpener } });
  assert.ok(browser.pages > pages, 'Cognito has no session any more, so the identity provider is asked again');
  const refused = await fetch(`${env.COGNITO_DOMAIN_URL}/oauth2/userInfo`, { headers: { Authorization: `Bearer ${second.accessToken}` } });
  assert.equal(refused.status, 401, 'sign-out has revoked the refresh token, and with it the access token');
});
