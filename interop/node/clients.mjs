// Signs in with clients as they are installed, under the vendors' names on port 443: nothing in them is told of ssolab, no
// check is turned off. Run by ../vendor.sh.
//
// A client that compares the nonce with "none sent" falls into the nonce trap when the application sends none: its first
// sign-in fails and its second passes. Each such client is shown to, and then with the way out that its documentation has.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Auth, customFetch, skipCSRFCheck } from '@auth/core';
import Cognito from '@auth/core/providers/cognito';
import { CognitoJwtVerifier } from 'aws-jwt-verify';
import * as oauth from 'oauth4webapi';
import { InMemoryWebStorage, OidcClient, WebStorageStateStore } from 'oidc-client-ts';
import { Issuer, errors, generators } from 'openid-client';
import * as client6 from 'openid-client-6';
import passport from 'passport-openidconnect';
import simple from 'simple-oauth2';

import { Browser } from './browser.mjs';

const ISSUER = 'https://cognito-idp.eu-north-1.amazonaws.com/eu-north-1_6m0O668r5';
const DOMAIN = 'https://vendor-example.auth.eu-north-1.amazoncognito.com';
const PROVIDER = 'ScalekitOIDC123';
const CALLBACK = 'http://localhost:3000/auth/callback';
const CLIENT = 'confidential0000000000001';
const SECRET = 'interop0secret0not0for0production00000000000000001';
const hints = { identity_provider: PROVIDER, login_hint: 'john@example.com' };
const scope = 'openid email phone';

assert.equal(customFetch && skipCSRFCheck && typeof Auth, 'function');

// callback goes from an authorization request to the app's callback.
const callback = async (browser, address) => new URL(await browser.follow(String(address), CALLBACK));

// trap is a client without a nonce: the first sign-in of a browser fails as it says, the second does not.
async function trap(signIn, refusal) {
  const browser = new Browser();
  await assert.rejects(signIn(browser), refusal);
  const claims = await signIn(browser);
  assert.equal(claims.email, 'john@example.com');
  assert.equal(claims.nonce, undefined, 'the session signs in, and Cognito makes no nonce');
  assert.equal(browser.pages, 1, 'the second is silent');
}

// anybody is what the claims of John's ID token must be.
function anybody(claims) {
  assert.equal(claims.iss, ISSUER);
  assert.equal(claims.aud, CLIENT);
  assert.equal(claims.email, 'john@example.com');
  assert.equal(claims.email_verified, false, 'a boolean in the ID token');
  assert.equal(claims['cognito:username'], `${PROVIDER}_conn_60040666217971987;a2c49d97-d36f-460f-97c2-87eb295095af`);
}

test('openid-client 5', async (t) => {
  const issuer = await Issuer.discover(ISSUER);
  const client = new issuer.Client({ client_id: CLIENT, client_secret: SECRET, redirect_uris: [CALLBACK], response_types: ['code'] });
  const signIn = (checks) => async (browser) => {
    const { code_verifier, ...sent } = checks();
    if (code_verifier) Object.assign(sent, { code_challenge: generators.codeChallenge(code_verifier), code_challenge_method: 'S256' });
    const back = await callback(browser, client.authorizationUrl({ scope, ...sent, ...hints }));
    const tokens = await client.callback(CALLBACK, client.callbackParams(String(back)), { ...checks.last, response_type: 'code' });
    assert.equal((await client.userinfo(tokens)).email_verified, 'false', 'a string in userInfo');
    assert.equal((await client.refresh(tokens)).claims().sub, tokens.claims().sub);
    await client.revoke(tokens.refresh_token, 'refresh_token');
    return tokens.claims();
  };
  const checks = (...names) => {
    const make = () => (make.last = Object.fromEntries(names.map((n) => [n, generators[n === 'code_verifier' ? 'codeVerifier' : n]()])));
    return make;
  };
  await t.test('state and nonce', async () => anybody(await signIn(checks('state', 'nonce'))(new Browser())));
  await t.test('state, nonce and PKCE', async () => anybody(await signIn(checks('state', 'nonce', 'code_verifier'))(new Browser())));
  await t.test('falls into the nonce trap', () => trap(signIn(checks('state')), (err) => {
    assert.ok(err instanceof errors.RPError);
    assert.match(err.message, /nonce mismatch, expected undefined/);
    return true;
  }));
});

test('openid-client 6', async (t) => {
  const config = await client6.discovery(new URL(ISSUER), CLIENT, SECRET);
  const signIn = (withNonce) => async (browser) => {
    const pkceCodeVerifier = client6.randomPKCECodeVerifier();
    const expectedState = client6.randomState();
    const expectedNonce = withNonce ? client6.randomNonce() : undefined;
    const back = await callback(browser, client6.buildAuthorizationUrl(config, {
      redirect_uri: CALLBACK, scope, state: expectedState, code_challenge_method: 'S256',
      code_challenge: await client6.calculatePKCECodeChallenge(pkceCodeVerifier), ...(withNonce && { nonce: expectedNonce }), ...hints,
    }));
    const tokens = await client6.authorizationCodeGrant(config, back, { pkceCodeVerifier, expectedState, expectedNonce, idTokenExpected: true });
    const claims = tokens.claims();
    assert.equal((await client6.fetchUserInfo(config, tokens.access_token, claims.sub)).email, claims.email);
    assert.equal((await client6.refreshTokenGrant(config, tokens.refresh_token)).claims().sub, claims.sub);
    await client6.tokenRevocation(config, tokens.refresh_token, { token_type_hint: 'refresh_token' });
    return claims;
  };
  await t.test('state, nonce and PKCE', async () => anybody(await signIn(true)(new Browser())));
  await t.test('falls into the nonce trap', () => trap(signIn(false), (err) => {
    assert.match(`${err.message} ${err.cause?.message ?? ''}`, /nonce/);
    return true;
  }));
  await t.test('does not see that PKCE is there, since it is not advertised', () => {
    assert.equal(config.serverMetadata().supportsPKCE(), false);
  });
  await t.test('an error of Cognito is an AuthorizationResponseError', async () => {
    const back = await callback(new Browser(), client6.buildAuthorizationUrl(config, { redirect_uri: CALLBACK, scope: 'openid offline_access', state: 's', ...hints }));
    await assert.rejects(client6.authorizationCodeGrant(config, back, { expectedState: 's' }), (err) => {
      assert.equal(err.error, 'invalid_request');
      assert.equal(err.error_description, 'invalid_scope');
      return true;
    });
  });
  await t.test('client_credentials', async () => {
    const machine = await client6.discovery(new URL(ISSUER), 'machine0000000000000000001', SECRET);
    const tokens = await client6.clientCredentialsGrant(machine, { scope: 'https://api.example.com/read' });
    assert.equal(tokens.token_type, 'bearer');
    const verifier = CognitoJwtVerifier.create({ userPoolId: 'eu-north-1_6m0O668r5', tokenUse: 'access', clientId: 'machine0000000000000000001' });
    assert.equal((await verifier.verify(tokens.access_token, { scope: 'https://api.example.com/read' })).sub, 'machine0000000000000000001');
  });
});

test('oauth4webapi', async (t) => {
  const as = await oauth.processDiscoveryResponse(new URL(ISSUER), await oauth.discoveryRequest(new URL(ISSUER)));
  const rp = { client_id: CLIENT };
  const signIn = (withNonce, auth) => async (browser) => {
    const verifier = oauth.generateRandomCodeVerifier();
    const nonce = withNonce ? oauth.generateRandomNonce() : undefined;
    const state = oauth.generateRandomState();
    const address = new URL(as.authorization_endpoint);
    address.search = new URLSearchParams({
      client_id: CLIENT, redirect_uri: CALLBACK, response_type: 'code', scope, state, code_challenge_method: 'S256',
      code_challenge: await oauth.calculatePKCECodeChallenge(verifier), ...(withNonce && { nonce }), ...hints,
    });
    const params = oauth.validateAuthResponse(as, rp, await callback(browser, address), state);
    const response = await oauth.authorizationCodeGrantRequest(as, rp, auth, params, CALLBACK, verifier);
    const tokens = await oauth.processAuthorizationCodeResponse(as, rp, response, { expectedNonce: nonce, requireIdToken: true });
    await oauth.validateApplicationLevelSignature(as, response);
    const claims = oauth.getValidatedIdTokenClaims(tokens);
    const info = await oauth.processUserInfoResponse(as, rp, claims.sub, await oauth.userInfoRequest(as, rp, tokens.access_token));
    assert.equal(info.email, claims.email);
    return claims;
  };
  await t.test('client_secret_basic', async () => anybody(await signIn(true, oauth.ClientSecretBasic(SECRET))(new Browser())));
  await t.test('client_secret_post', async () => anybody(await signIn(true, oauth.ClientSecretPost(SECRET))(new Browser())));
  await t.test('falls into the nonce trap', () => trap(signIn(false, oauth.ClientSecretBasic(SECRET)), (err) => {
    assert.match(`${err.message} ${JSON.stringify(err.cause ?? '')}`, /nonce/);
    return true;
  }));
});

// Auth.js (next-auth 5) with its own Cognito provider.
test('@auth/core', async (t) => {
  const origin = 'http://localhost:3000';
  const auth = (checks, errorsSeen = []) => async (browser) => {
    const jar = new Map();
    const config = {
      secret: 'a-secret-of-the-application-0123456789', trustHost: true, basePath: '/auth', logger: { error: (e) => errorsSeen.push(e), warn() {}, debug() {} },
      providers: [Cognito({ clientId: CLIENT, clientSecret: SECRET, issuer: ISSUER, authorization: { params: { scope, ...hints } }, ...(checks && { checks }) })],
      callbacks: { jwt: ({ token, profile }) => (profile ? { ...token, claims: profile } : token), session: ({ session, token }) => ({ ...session, claims: token.claims }) },
    };
    const call = async (path, init = {}) => {
      const headers = { cookie: [...jar].map(([k, v]) => `${k}=${v}`).join('; '), ...init.headers };
      const response = await Auth(new Request(origin + path, { ...init, headers }), config);
      for (const line of response.headers.getSetCookie()) {
        const [, name, value] = /^([^=]*)=([^;]*)/.exec(line);
        if (/max-age=0|expires=thu, 01 jan 1970/i.test(line)) jar.delete(name);
        else jar.set(name, value);
      }
      return response;
    };
    const { csrfToken } = await (await call('/auth/csrf')).json();
    const out = await call('/auth/signin/cognito', {
      method: 'POST', headers: { 'content-type': 'application/x-www-form-urlencoded' }, body: new URLSearchParams({ csrfToken, callbackUrl: origin }),
    });
    const back = new URL(await browser.follow(out.headers.get('location'), `${origin}/auth/callback/cognito`));
    await call(back.pathname + back.search);
    const session = await (await call('/auth/session')).json();
    if (!session?.claims) throw errorsSeen.at(-1) ?? new Error('no session');
    return session.claims;
  };
  await t.test('as it comes, falls into the nonce trap', () => trap(auth(undefined), (err) => {
    assert.match([err.message, err.cause?.err?.message, JSON.stringify(err.cause?.err?.cause ?? '')].join(' '), /nonce/);
    return true;
  }));
  await t.test('with the nonce among its checks', async () => anybody(await auth(['pkce', 'state', 'nonce'])(new Browser())));
});

test('oidc-client-ts, a public client in a browser', async () => {
  const storage = () => new WebStorageStateStore({ store: new InMemoryWebStorage() });
  const client = new OidcClient({
    authority: ISSUER, client_id: 'k6tana1l8b0bvhk9gfijkurr6', redirect_uri: CALLBACK, scope, stateStore: storage(), loadUserInfo: true,
  });
  const request = await client.createSigninRequest({ extraQueryParams: hints, nonce: generators.nonce(), state: { page: '/inbox' } });
  const signin = await client.processSigninResponse(String(await callback(new Browser(), request.url)));
  assert.equal(signin.profile.email, 'john@example.com');
  assert.deepEqual(signin.userState, { page: '/inbox' });
  assert.equal(signin.token_type, 'Bearer');
  // Without a nonce it compares none, and so does not fall into the trap.
  const plain = await client.createSigninRequest({ extraQueryParams: hints });
  assert.equal((await client.processSigninResponse(String(await callback(new Browser(), plain.url)))).profile.email, 'john@example.com');
});

test('passport-openidconnect', async () => {
  const issuer = await Issuer.discover(ISSUER);
  const strategy = new passport.Strategy({
    issuer: ISSUER, authorizationURL: issuer.metadata.authorization_endpoint, tokenURL: issuer.metadata.token_endpoint,
    userInfoURL: issuer.metadata.userinfo_endpoint, clientID: CLIENT, clientSecret: SECRET, callbackURL: CALLBACK, scope: ['email', 'phone'], nonce: true,
  }, (iss, profile, done) => done(null, { iss, ...profile }));
  strategy.authorizationParams = () => ({ ...hints }); // it adds to what it is given
  const session = {};
  const authenticate = (url) => new Promise((resolve, reject) => {
    const own = Object.create(strategy);
    Object.assign(own, { redirect: resolve, success: resolve, fail: (c) => reject(new Error(c?.message ?? String(c))), error: reject });
    own.authenticate({ session, query: Object.fromEntries(url?.searchParams ?? []), headers: {}, connection: {} }, {});
  });
  const user = await authenticate(await callback(new Browser(), await authenticate()));
  assert.equal(user.iss, ISSUER);
  assert.equal(user.emails[0].value, 'john@example.com');
});

test('simple-oauth2', async () => {
  const client = new simple.AuthorizationCode({
    client: { id: CLIENT, secret: SECRET }, auth: { tokenHost: DOMAIN, tokenPath: '/oauth2/token', authorizePath: '/oauth2/authorize', revokePath: '/oauth2/revoke' },
  });
  const back = await callback(new Browser(), client.authorizeURL({ redirect_uri: CALLBACK, scope, state: 's', ...hints }));
  const token = await client.getToken({ code: back.searchParams.get('code'), redirect_uri: CALLBACK });
  assert.equal(token.token.token_type, 'Bearer');
  assert.notEqual((await token.refresh()).token.access_token, token.token.access_token);
  await assert.rejects(client.getToken({ code: back.searchParams.get('code'), redirect_uri: CALLBACK }), (err) => {
    assert.equal(err.output.statusCode, 400);
    assert.deepEqual(err.data.payload, { error: 'invalid_grant' });
    return true;
  });
});

test('aws-jwt-verify', async (t) => {
  const client = new (await Issuer.discover(ISSUER)).Client({ client_id: CLIENT, client_secret: SECRET, redirect_uris: [CALLBACK], response_types: ['code'] });
  const checks = { state: generators.state(), nonce: generators.nonce() };
  const back = await callback(new Browser(), client.authorizationUrl({ scope, ...checks, ...hints }));
  const tokens = await client.callback(CALLBACK, client.callbackParams(String(back)), checks);
  const pool = { userPoolId: 'eu-north-1_6m0O668r5', clientId: CLIENT };
  const id = CognitoJwtVerifier.create({ ...pool, tokenUse: 'id' });
  const access = CognitoJwtVerifier.create({ ...pool, tokenUse: 'access' });
  await t.test('takes the ID token', async () => anybody(await id.verify(tokens.id_token)));
  await t.test('takes the access token, with its scope and group', async () => {
    const claims = await access.verify(tokens.access_token, { scope: 'email', groups: [`eu-north-1_6m0O668r5_${PROVIDER}`] });
    assert.equal(claims.client_id, CLIENT);
    assert.equal(claims.version, 2);
  });
  await t.test('refuses one for the other', async () => {
    await assert.rejects(id.verify(tokens.access_token), /Token use not allowed/);
    await assert.rejects(access.verify(tokens.id_token), /Token use not allowed/);
  });
  await t.test('refuses another client, another pool, a changed token', async () => {
    await assert.rejects(CognitoJwtVerifier.create({ ...pool, clientId: 'another', tokenUse: 'id' }).verify(tokens.id_token), /not allowed/);
    await assert.rejects(CognitoJwtVerifier.create({ ...pool, userPoolId: 'eu-north-1_AnotherPl', tokenUse: 'id' }).verify(tokens.id_token));
    await assert.rejects(id.verify(`${tokens.id_token.slice(0, -4)}AAAA`), /Invalid signature/);
  });
});
