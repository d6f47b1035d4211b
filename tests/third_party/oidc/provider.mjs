// An OpenID provider that nobody here wrote (oidc-provider), with persons and firms as an e-tax bureau would know them.
//
//   node provider.mjs '{"port": …, "clients": […], "acr_values": […], "persons": {…}, "tls": {…}, "modules": …}'
//
// Whoever is sent here chooses a person from a list: no passwords. Prints one line when it listens.
import { createRequire } from 'node:module';
import { generateKeyPairSync } from 'node:crypto';
import { createServer as plain } from 'node:http';
import { createServer as secure } from 'node:https';
import { pathToFileURL } from 'node:url';

const given = JSON.parse(process.argv[2]);
const modules = createRequire(given.modules.replace(/\/*$/, '/'));
const { default: Provider } = await import(pathToFileURL(modules.resolve('oidc-provider')));

const issuer = `${given.tls ? 'https' : 'http'}://${given.host ?? '127.0.0.1'}:${given.port}`;

function key(kid, kind, options) {
  const jwk = generateKeyPairSync(kind, options).privateKey.export({ format: 'jwk' });
  return { ...jwk, kid, use: 'sig' };
}

const provider = new Provider(issuer, {
  clients: given.clients,
  jwks: { keys: [key('ec', 'ec', { namedCurve: 'P-256' }), key('rsa', 'rsa', { modulusLength: 2048 })] },
  clientAuthMethods: given.tls ? ['private_key_jwt', 'tls_client_auth'] : ['private_key_jwt'],
  enabledJWA: {
    idTokenSigningAlgValues: ['ES256', 'RS256', 'PS256', 'HS256'],
    clientAuthSigningAlgValues: ['ES256'],
  },
  claims: { openid: ['sub', 'name', 'id_ref', 'firms'], acr: null, auth_time: null },
  acrValues: given.acr_values,
  conformIdTokenClaims: false,
  pkce: { methods: ['S256'], required: () => true },
  cookies: { keys: ['for tests only'] },
  ttl: { Interaction: 600, Session: 3600, Grant: 3600, IdToken: 300, AccessToken: 300, AuthorizationCode: 60 },
  features: {
    devInteractions: { enabled: false },
    mTLS: {
      enabled: Boolean(given.tls),
      tlsClientAuth: true,
      getCertificate: (ctx) => ctx.req.socket.getPeerX509Certificate?.(),
      certificateAuthorized: (ctx) => ctx.req.socket.authorized,
      certificateSubjectMatches: (ctx, property, expected) =>
        property === 'tls_client_auth_subject_dn' &&
        ctx.req.socket.getPeerX509Certificate?.()?.subject.split('\n').reverse().join(',') === expected,
    },
  },
  interactions: { url: (_ctx, interaction) => `/interaction/${interaction.uid}` },
  findAccount: (_ctx, id) =>
    given.persons[id] && { accountId: id, claims: () => ({ sub: id, ...given.persons[id] }) },
  // Nobody is asked whether the portal may know who they are.
  async loadExistingGrant(ctx) {
    const { client, session, provider: own } = ctx.oidc;
    const grant = new own.Grant({ clientId: client.clientId, accountId: session.accountId });
    grant.addOIDCScope('openid');
    await grant.save();
    return grant;
  },
  renderError: (ctx, out) => {
    ctx.type = 'text';
    ctx.body = `${out.error}: ${out.error_description ?? ''}`;
  },
});

const escaped = (text) => text.replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);

async function choose(request, response) {
  const details = await provider.interactionDetails(request, response);
  const uid = encodeURIComponent(details.uid);
  const links = Object.entries(given.persons).map(
    ([id, person]) => `<li><a href="/interaction/${uid}/as/${encodeURIComponent(id)}">${escaped(person.name)}</a></li>`,
  );
  response.setHeader('content-type', 'text/html; charset=utf-8');
  response.end(`<!doctype html><html lang="zh"><title>电子税务局</title><h1>电子税务局</h1><ul>${links.join('')}</ul></html>`);
}

async function signIn(request, response, accountId) {
  const details = await provider.interactionDetails(request, response);
  const acr = (details.params.acr_values ?? given.acr_values[0]).split(' ')[0];
  await provider.interactionFinished(request, response, { login: { accountId, acr } });
}

const rest = provider.callback();
async function serve(request, response) {
  const [, first, , verb, id] = request.url.split('/');
  try {
    if (first === 'interaction' && verb === 'as') await signIn(request, response, decodeURIComponent(id));
    else if (first === 'interaction') await choose(request, response);
    else await rest(request, response);
  } catch (error) {
    response.statusCode = 500;
    response.end(String(error));
  }
}

const server = given.tls
  ? secure({ ...given.tls, requestCert: true, rejectUnauthorized: false, minVersion: 'TLSv1.3' }, serve)
  : plain(serve);
server.listen(given.port, '127.0.0.1', () => console.log(`listening on ${issuer}`));
process.stdin.resume();
process.stdin.on('end', () => process.exit(0));
