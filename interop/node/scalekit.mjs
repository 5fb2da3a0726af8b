// Uses a Scalekit environment through the vendor's SDK, unmodified, as applications do: nothing in it is told of ssolab but the
// environment's URL, the client and its secret. Run by ../../scripts/interop.sh over plain HTTP (gRPC by HTTP/2 with prior
// knowledge) and over TLS.

import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { appendFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import test from 'node:test';

import { ScalekitClient } from '@scalekit-sdk/node';

import { Browser } from './browser.mjs';

const env = process.env;
for (const name of ['SCALEKIT_ENVIRONMENT_URL', 'SCALEKIT_CLIENT_ID', 'SCALEKIT_CLIENT_SECRET', 'SSOLAB_CONSOLE_URL', 'LAB_FILE']) {
  assert.ok(env[name], `${name} is not set; scripts/interop.sh runs this`);
}
const URL_ = env.SCALEKIT_ENVIRONMENT_URL;
const CLIENT = env.SCALEKIT_CLIENT_ID;
const CALLBACK = 'http://localhost:3000/auth/callback';
const INITIATE = 'http://localhost:3000/auth/initiate';
const TEST_ORGANIZATION = 'org_60040666100000001';
const SIMULATOR = 'conn_60040666217971987';

const sdk = (secret = env.SCALEKIT_CLIENT_SECRET) => new ScalekitClient(URL_, CLIENT, secret);
const scalekit = sdk();

// refused is what a call that fails must look like in the SDK: its exception, HTTP status and error code.
const refused = (name, httpStatus, message, errorCode) => (err) => {
  assert.equal(err.constructor.name, name, String(err));
  assert.equal(err.httpStatus, httpStatus);
  assert.match(err.message, message);
  if (errorCode !== undefined) assert.equal(err.errorCode, errorCode);
  return true;
};

async function signIn(options, browser = new Browser()) {
  return new URL(await browser.follow(scalekit.getAuthorizationUrl(CALLBACK, options), CALLBACK)).searchParams;
}

test('a sign-in by login_hint', async (t) => {
  const back = await signIn({ loginHint: 'john@example.com', state: 'st', nonce: 'no' });
  assert.equal(back.get('state'), 'st');
  const { user, idToken, accessToken, expiresIn } = await scalekit.authenticateWithCode(back.get('code'), CALLBACK);
  assert.equal(user.email, 'john@example.com');
  assert.equal(user.givenName, 'John');
  assert.match(user.id, new RegExp(`^${SIMULATOR};`));
  assert.equal(expiresIn, 899);

  await t.test('the ID token is valid', async () => {
    const claims = await scalekit.validateToken(idToken, { issuer: URL_, audience: [CLIENT] });
    assert.equal(claims.nonce, 'no');
    assert.equal(claims.oid, TEST_ORGANIZATION);
    assert.deepEqual(claims.amr, [SIMULATOR]);
  });
  await t.test('the access token is valid', async () => {
    assert.equal(await scalekit.validateAccessToken(accessToken, { issuer: URL_, audience: [CLIENT] }), true);
  });
  await t.test('another issuer or audience, or a changed token, is not', async () => {
    assert.equal(await scalekit.validateAccessToken(accessToken, { issuer: `${URL_}/` }), false);
    assert.equal(await scalekit.validateAccessToken(accessToken, { audience: ['skc_2'] }), false);
    await assert.rejects(scalekit.validateToken(`${idToken.slice(0, -4)}AAAA`), { name: 'ScalekitValidateTokenFailureException' });
  });
  await t.test('the code was for once', async () => {
    await assert.rejects(scalekit.authenticateWithCode(back.get('code'), CALLBACK), (err) => {
      assert.equal(err.response.status, 400);
      assert.equal(err.response.data.error, 'invalid_grant');
      return true;
    });
  });
  await t.test('logout', async () => {
    const browser = new Browser();
    const again = await scalekit.authenticateWithCode((await signIn({ loginHint: 'john@example.com' }, browser)).get('code'), CALLBACK);
    const out = scalekit.getLogoutUrl({ idTokenHint: again.idToken, postLogoutRedirectUri: 'http://localhost:3000/', state: 'bye' });
    assert.equal(await browser.follow(out, 'http://localhost:3000/'), 'http://localhost:3000/?state=bye');
  });
});

test('sign-ins by each selector, and with PKCE', async () => {
  for (const selector of [{ connectionId: SIMULATOR }, { organizationId: TEST_ORGANIZATION }, { domainHint: 'example.org' }]) {
    const { user } = await scalekit.authenticateWithCode((await signIn(selector, new Browser({ email: 'ada' }))).get('code'), CALLBACK);
    assert.match(user.email, /^ada@example\.(com|org)$/, JSON.stringify(selector));
  }
  const codeVerifier = randomBytes(32).toString('base64url');
  const codeChallenge = createHash('sha256').update(codeVerifier).digest('base64url');
  const pkce = { loginHint: 'john@example.com', codeChallenge, codeChallengeMethod: 'S256' };
  const { user } = await scalekit.authenticateWithCode((await signIn(pkce)).get('code'), CALLBACK, { codeVerifier });
  assert.equal(user.email, 'john@example.com');
  await assert.rejects(scalekit.authenticateWithCode((await signIn(pkce)).get('code'), CALLBACK, { codeVerifier: 'x'.repeat(43) }), (err) => {
    assert.equal(err.response.data.error, 'invalid_grant');
    return true;
  });
  const unknown = await signIn({ loginHint: 'ada@nowhere.example' });
  assert.equal(unknown.get('error'), 'domain_not_found');
});

test('a sign-in that the identity provider began', async () => {
  const initiated = new URL(await new Browser({ scenario: 'idp_initiated' }).follow(scalekit.getAuthorizationUrl(CALLBACK, { loginHint: 'john@example.com' }), INITIATE));
  const claims = await scalekit.getIdpInitiatedLoginClaims(initiated.searchParams.get('idp_initiated_login'), { issuer: URL_ });
  assert.equal(claims.connection_id, SIMULATOR);
  assert.equal(claims.organization_id, TEST_ORGANIZATION);
  assert.match(claims.login_hint, /@example\.com$/);
  const { user } = await scalekit.authenticateWithCode((await signIn({ connectionId: claims.connection_id, loginHint: claims.login_hint })).get('code'), CALLBACK);
  assert.equal(user.email, claims.login_hint);
});

// The life of an organization, from its making to its end, with all that belongs to it.
test('organization, connection, domain, portal link, users', async (t) => {
  const externalId = `acme-${Date.now()}`;
  const { organization } = await scalekit.organization.createOrganization('Acme', { externalId, slug: externalId });
  const id = organization.id;
  assert.match(id, /^org_\d+$/);
  assert.equal(organization.displayName, 'Acme');
  assert.ok(organization.createTime.seconds > 0n);

  await t.test('organization', async () => {
    assert.equal((await scalekit.organization.getOrganization(id)).organization.externalId, externalId);
    assert.equal((await scalekit.organization.getOrganizationByExternalId(externalId)).organization.id, id);
    const changed = await scalekit.organization.updateOrganization(id, { displayName: 'Acme Corp', metadata: { tier: 'gold' } });
    assert.equal(changed.organization.displayName, 'Acme Corp');
    assert.deepEqual({ ...changed.organization.metadata }, { tier: 'gold' });
    assert.equal((await scalekit.organization.updateOrganizationByExternalId(externalId, { displayName: 'Acme' })).organization.displayName, 'Acme');
    const settings = await scalekit.organization.updateOrganizationSettings(id, { features: [{ name: 'sso', enabled: true }] });
    assert.deepEqual(settings.organization.settings.features.map((f) => [f.name, f.enabled]), [['sso', true]]);
    assert.ok((await scalekit.organization.searchOrganization('Acme')).organizations.some((o) => o.id === id));
    await assert.rejects(scalekit.organization.createOrganization('Twin', { externalId }), refused('ScalekitConflictException', 409, /external|already exists|duplicate/i));
    await assert.rejects(scalekit.organization.getOrganization('org_404'), refused('ScalekitNotFoundException', 404, /org_404/));
    await assert.rejects(scalekit.organization.createOrganization(''), refused('ScalekitBadRequestException', 400, /display_name/));
  });

  await t.test('organizations in pages', async () => {
    for (let i = 0; i < 11; i++) await scalekit.organization.createOrganization(`Paged ${i}`);
    const seen = new Set();
    let token = '';
    let pages = 0;
    do {
      const page = await scalekit.organization.listOrganization({ pageSize: 10, ...(token && { pageToken: token }) });
      assert.ok(page.organizations.length <= 10);
      assert.ok(page.totalSize >= 14);
      for (const o of page.organizations) {
        assert.ok(!seen.has(o.id), 'once');
        seen.add(o.id);
      }
      token = page.nextPageToken;
      pages++;
    } while (token);
    assert.ok(pages >= 2);
    assert.ok(seen.has(id) && seen.has(TEST_ORGANIZATION));
    await assert.rejects(scalekit.organization.listOrganization({ pageSize: 10, pageToken: 'no token' }), refused('ScalekitBadRequestException', 400, /page_token/));
    for (const o of seen) {
      const { organization } = await scalekit.organization.getOrganization(o);
      if (organization.displayName.startsWith('Paged ')) await scalekit.organization.deleteOrganization(o);
    }
  });

  let connection;
  await t.test('connection', async () => {
    connection = (await scalekit.connection.createConnection(id, { provider: 14 /* IDP_SIMULATOR */, type: 1 /* OIDC */ })).connection;
    assert.match(connection.id, /^conn_\d+$/);
    assert.equal(connection.enabled, false);
    assert.deepEqual((await scalekit.connection.listConnections(id)).connections, [], 'only those that people can sign in through');
    const on = await scalekit.connection.enableConnection(id, connection.id);
    assert.equal(on.enabled, true);
    const listed = (await scalekit.connection.listConnections(id)).connections;
    assert.deepEqual(listed.map((c) => [c.id, c.enabled, c.organizationName]), [[connection.id, true, 'Acme']]);
    const got = (await scalekit.connection.getConnection(id, connection.id)).connection;
    assert.equal(got.testConnectionUri, `${URL_}/sso/v1/oidc/${connection.id}/test`);
    assert.equal(got.settings.case, 'oidcConfig');
    const draft = (await scalekit.connection.createConnection(id, { provider: 1 /* OKTA */, type: 2 /* SAML */ })).connection;
    assert.equal(draft.status, 1 /* DRAFT */);
    const refusal = await scalekit.connection.enableConnection(id, draft.id);
    assert.equal(refusal.enabled, false);
    assert.match(refusal.errorMessage, /DRAFT/);
    await scalekit.connection.deleteConnection(id, draft.id);
    await assert.rejects(scalekit.connection.getConnection(id, draft.id), refused('ScalekitNotFoundException', 404, /conn_/));
    await assert.rejects(scalekit.connection.listAppConnections(), refused('ScalekitNotImplementedException', 501, /ListAppConnections/));
  });

  const domain = `acme-${Date.now()}.example`;
  await t.test('domain', async () => {
    const made = (await scalekit.domain.createDomain(id, domain, { domainType: 'ORGANIZATION_DOMAIN' })).domain;
    assert.match(made.id, /^dom_\d+$/);
    assert.equal((await scalekit.domain.getDomain(id, made.id)).domain.domain, domain);
    assert.deepEqual((await scalekit.domain.listDomains(id)).domains.map((d) => d.domain), [domain]);
    assert.deepEqual((await scalekit.connection.listConnectionsByDomain(domain)).connections.map((c) => c.id), [connection.id]);
    const allowed = (await scalekit.domain.createDomain(id, `mail-${domain}`, { domainType: 'ALLOWED_EMAIL_DOMAIN' })).domain;
    assert.equal((await scalekit.domain.listDomains(id, { domainType: 'ALLOWED_EMAIL_DOMAIN' })).domains.length, 1);
    await scalekit.domain.deleteDomain(id, allowed.id);
    await assert.rejects(scalekit.domain.getDomain(id, allowed.id), refused('ScalekitNotFoundException', 404, /dom_/));
    await assert.rejects(scalekit.domain.createDomain(id, 'gmail.com'), refused('ScalekitBadRequestException', 400, /gmail\.com/));
  });

  await t.test('its people sign in', async () => {
    const { user } = await scalekit.authenticateWithCode((await signIn({ loginHint: `ada@${domain}` })).get('code'), CALLBACK);
    assert.equal(user.email, `ada@${domain}`);
    await scalekit.connection.disableConnection(id, connection.id);
    assert.equal((await signIn({ loginHint: `ada@${domain}` })).get('error'), 'no_active_connections');
    await scalekit.connection.enableConnection(id, connection.id);
  });

  await t.test('portal link', async () => {
    const link = await scalekit.organization.generatePortalLink(id);
    assert.match(link.location, new RegExp(`^${URL_}/magicLink/[0-9a-f-]{36}$`));
    const response = await fetch(link.location);
    assert.equal(response.status, 401, 'the page that the link leads to wants the cookie that fetch does not keep');
    assert.equal((await fetch(link.location)).status, 404, 'it opens once');
  });

  await t.test('users and memberships', async () => {
    const email = `grace-${Date.now()}@${domain}`;
    const { user } = await scalekit.user.createUserAndMembership(id, { email, externalId: email, userProfile: { firstName: 'Grace', lastName: 'Hopper' }, metadata: { team: 'navy' } });
    assert.match(user.id, /^usr_\d+$/);
    assert.equal(user.userProfile.firstName, 'Grace');
    assert.deepEqual(user.memberships.map((m) => m.organizationId), [id]);
    assert.equal((await scalekit.user.getUser(user.id)).user.email, email);
    assert.equal((await scalekit.user.getUserByExternalId(email)).user.id, user.id);
    assert.equal((await scalekit.user.updateUser(user.id, { userProfile: { firstName: 'Amazing', lastName: 'Grace' } })).user.userProfile.lastName, 'Grace');
    assert.deepEqual((await scalekit.user.listOrganizationUsers(id, { pageSize: 10 })).users.map((u) => u.id), [user.id]);
    assert.ok((await scalekit.user.listUsers({ pageSize: 10 })).users.some((u) => u.id === user.id));
    assert.ok((await scalekit.user.searchUsers('grace-')).users.some((u) => u.id === user.id));
    assert.deepEqual((await scalekit.user.searchOrganizationUsers(id, 'grace-')).users.map((u) => u.id), [user.id]);

    await scalekit.user.createMembership(TEST_ORGANIZATION, user.id, { roles: ['member'] });
    assert.equal((await scalekit.user.getUser(user.id)).user.memberships.length, 2);
    const changed = await scalekit.user.updateMembership(TEST_ORGANIZATION, user.id, { roles: ['admin'], metadata: { since: '2026' } });
    assert.deepEqual(changed.user.memberships.find((m) => m.organizationId === TEST_ORGANIZATION).roles.map((r) => r.name), ['admin']);
    assert.deepEqual((await scalekit.user.listUserRoles(TEST_ORGANIZATION, user.id)).roles.map((r) => r.name), ['admin']);
    assert.deepEqual((await scalekit.user.listUserPermissions(TEST_ORGANIZATION, user.id)).permissions.map((p) => p.name).sort(), ['users:read', 'users:write']);
    await scalekit.user.assignUserRoles(TEST_ORGANIZATION, user.id, ['member']);
    await scalekit.user.removeUserRole(TEST_ORGANIZATION, user.id, 'admin');
    assert.deepEqual((await scalekit.user.listUserRoles(TEST_ORGANIZATION, user.id)).roles.map((r) => r.name), ['member']);
    await scalekit.user.deleteMembership(TEST_ORGANIZATION, user.id);
    assert.equal((await scalekit.user.getUser(user.id)).user.memberships.length, 1);
    await assert.rejects(scalekit.user.createUserAndMembership(id, { email }), refused('ScalekitConflictException', 409, /already|exists/));
    await scalekit.user.deleteUser(user.id);
    await assert.rejects(scalekit.user.getUser(user.id), refused('ScalekitNotFoundException', 404, /usr_/));
  });

  await t.test('the organization goes with all that it has', async () => {
    await scalekit.organization.deleteOrganization(id);
    await assert.rejects(scalekit.organization.getOrganization(id), refused('ScalekitNotFoundException', 404, /org_/));
    assert.equal((await signIn({ loginHint: `ada@${domain}` })).get('error'), 'domain_not_found');
  });
});

test('who may not', async () => {
  await assert.rejects(sdk('test_wrong').organization.listOrganization(), (err) => {
    assert.equal(err.response?.status ?? err.httpStatus, 401, String(err));
    return true;
  });
  // A service that is not modelled says so, whoever asks.
  await assert.rejects(scalekit.directory.listDirectories(TEST_ORGANIZATION), refused('ScalekitNotImplementedException', 501, /directories\.DirectoryService/));
});

// receiver is the application's endpoint for webhooks.
async function receiver(t) {
  const waiting = [];
  const got = [];
  const server = createServer((request, response) => {
    const chunks = [];
    request.on('data', (c) => chunks.push(c));
    request.on('end', () => {
      response.writeHead(204).end();
      const one = { headers: request.headers, body: Buffer.concat(chunks).toString() };
      waiting.length > 0 ? waiting.shift()(one) : got.push(one);
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  return {
    url: `http://127.0.0.1:${server.address().port}/webhooks/scalekit`,
    next: () => (got.length > 0 ? Promise.resolve(got.shift()) : new Promise((resolve) => waiting.push(resolve))),
  };
}

test('a webhook that was delivered is verified', { timeout: 60_000 }, async (t) => {
  const secret = 'whsec_c2VjcmV0LXNlY3JldC1zZWNyZXQ=';
  const endpoint = await receiver(t);
  await appendFile(env.LAB_FILE, `  webhooks:\n    - {url: "${endpoint.url}", secret: "${secret}", events: [organization.created, organization.sso_enabled]}\n`);
  const reload = await fetch(`${env.SSOLAB_CONSOLE_URL}/api/v1/reload`, { method: 'POST' });
  assert.equal(reload.status, 200, await reload.clone().text());
  assert.deepEqual((await reload.json()).changes.map((c) => `${c.op} ${c.what}`), [`added webhook ${endpoint.url}`]);

  const { organization } = await scalekit.organization.createOrganization('Hooked');
  const made = await endpoint.next();
  assert.equal(scalekit.verifyWebhookPayload(secret, made.headers, made.body), true);
  const event = JSON.parse(made.body);
  assert.equal(event.type, 'organization.created');
  assert.equal(event.organization_id, organization.id);
  assert.throws(() => scalekit.verifyWebhookPayload(secret, made.headers, made.body.replace('Hooked', 'Forged')), /Invalid Signature/);
  assert.throws(() => scalekit.verifyWebhookPayload('whsec_b3RoZXI=', made.headers, made.body), /Invalid Signature/);

  const { connection } = await scalekit.connection.createConnection(organization.id, { provider: 14, type: 1 });
  await scalekit.connection.enableConnection(organization.id, connection.id);
  const enabled = await endpoint.next();
  assert.equal(scalekit.verifyWebhookPayload(secret, enabled.headers, enabled.body), true);
  assert.deepEqual(JSON.parse(enabled.body).data, {
    id: connection.id, organization_id: organization.id, connection_type: 'OIDC', provider: 'IDP_SIMULATOR', enabled: true, status: 'COMPLETED',
  });
});
