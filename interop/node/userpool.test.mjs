// Signs users of the pool's own in through the user pools API, with the vendor's clients for browsers: the older
// amazon-cognito-identity-js and Amplify. Both are told the endpoint and nothing else.

import assert from 'node:assert/strict';
import test from 'node:test';

import { AuthenticationDetails, CognitoUser, CognitoUserPool } from 'amazon-cognito-identity-js';
import { Amplify } from 'aws-amplify';
import { fetchAuthSession, fetchUserAttributes, signIn, signOut } from 'aws-amplify/auth';

const env = process.env;
const endpoint = env.AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER;
const UserPoolId = env.COGNITO_USER_POOL_ID;
const password = 'Passw0rd!';

// api calls an operation as a signed request; the lab takes any signature.
async function api(operation, input) {
  const answer = await fetch(endpoint, {
    method: 'POST', body: JSON.stringify(input),
    headers: { 'Content-Type': 'application/x-amz-json-1.1', 'X-Amz-Target': `AWSCognitoIdentityProviderService.${operation}` },
  });
  const text = await answer.text();
  assert.equal(answer.status, 200, `${operation}: ${text}`);
  return text ? JSON.parse(text) : undefined;
}

// setUp makes an app client without a secret, and a user with a password.
async function setUp(Username) {
  const { UserPoolClient } = await api('CreateUserPoolClient', {
    UserPoolId, ClientName: Username, ExplicitAuthFlows: ['ALLOW_USER_PASSWORD_AUTH', 'ALLOW_USER_SRP_AUTH', 'ALLOW_REFRESH_TOKEN_AUTH'],
  });
  await api('AdminCreateUser', { UserPoolId, Username, MessageAction: 'SUPPRESS', UserAttributes: [{ Name: 'email', Value: `${Username}@example.net` }, { Name: 'email_verified', Value: 'true' }] });
  await api('AdminSetUserPassword', { UserPoolId, Username, Password: password, Permanent: true });
  return UserPoolClient.ClientId;
}

// promised turns the callbacks of amazon-cognito-identity-js into a promise.
const promised = (begin) => new Promise((onSuccess, onFailure) => begin({
  onSuccess, onFailure, newPasswordRequired: () => onFailure(new Error('a new password is asked for')),
}));

for (const flow of ['USER_PASSWORD_AUTH', 'USER_SRP_AUTH']) {
  test(`amazon-cognito-identity-js, ${flow}`, async () => {
    const Username = `js-${flow.toLowerCase().replaceAll('_', '-')}`;
    const ClientId = await setUp(Username);
    const Pool = new CognitoUserPool({ UserPoolId, ClientId, endpoint });
    const signInAs = (Password) => {
      const user = new CognitoUser({ Username, Pool });
      user.setAuthenticationFlowType(flow);
      return promised((callbacks) => user.authenticateUser(new AuthenticationDetails({ Username, Password }), callbacks)).then((session) => ({ user, session }));
    };
    await assert.rejects(signInAs('wrong'), { code: 'NotAuthorizedException', message: 'Incorrect username or password.' });
    const { user, session } = await signInAs(password);
    assert.equal(session.getIdToken().payload['cognito:username'], Username);
    assert.equal(session.getIdToken().payload.email, `${Username}@example.net`);
    const again = await new Promise((resolve, reject) => user.refreshSession(session.getRefreshToken(), (err, s) => (err ? reject(err) : resolve(s))));
    assert.notEqual(again.getAccessToken().getJwtToken(), session.getAccessToken().getJwtToken());
    await promised((callbacks) => user.globalSignOut(callbacks));
    await assert.rejects(api('GetUser', { AccessToken: again.getAccessToken().getJwtToken() }), /Access Token has been revoked/);
  });
}

test('Amplify: sign-in by SRP, forced refresh, sign-out', async () => {
  const userPoolClientId = await setUp('amplify');
  Amplify.configure({ Auth: { Cognito: { userPoolId: UserPoolId, userPoolClientId, userPoolEndpoint: endpoint } } });
  await assert.rejects(signIn({ username: 'amplify', password: 'wrong' }), { name: 'NotAuthorizedException' });
  const { isSignedIn } = await signIn({ username: 'amplify', password });
  assert.equal(isSignedIn, true);
  const first = (await fetchAuthSession()).tokens;
  assert.equal(first.idToken.payload.email, 'amplify@example.net');
  assert.equal((await fetchUserAttributes()).email, 'amplify@example.net');
  const second = (await fetchAuthSession({ forceRefresh: true })).tokens;
  assert.notEqual(second.accessToken.toString(), first.accessToken.toString());
  assert.equal(second.accessToken.payload.origin_jti, first.accessToken.payload.origin_jti);
  await signOut({ global: true });
  assert.equal((await fetchAuthSession()).tokens, undefined);
  await assert.rejects(api('GetUser', { AccessToken: second.accessToken.toString() }), /Access Token has been revoked/);
});
