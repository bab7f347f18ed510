// npm jose's side: verifies the lines of `mint` on standard input, then mints its own. JSON lines out.

import { createInterface } from 'node:readline'
import * as jose from 'jose'

const ISSUER = 'https://id.example'
const NOW = Math.floor(Date.now() / 1000)
const ALGS = [
  'HS256', 'HS384', 'HS512', 'RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512',
  'ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519',
]

const say = (line) => console.log(JSON.stringify(line))

const tampered = (token) => {
  const at = token.lastIndexOf('.') + 1
  return token.slice(0, at) + (token[at] === 'A' ? 'B' : 'A') + token.slice(at + 1)
}

async function verify(line) {
  const { alg } = line
  if (!ALGS.includes(alg)) {
    say({ kind: 'skip', name: `${alg}: jose has no such algorithm` })
    return
  }
  const keys = { JWK: await jose.importJWK(line.jwk, alg) }
  if (line.spki) {
    keys['JWK Set'] = jose.createLocalJWKSet({ keys: [line.jwk] }) // of public keys only
    keys['SPKI PEM'] = await jose.importSPKI(line.spki, alg)
  }
  const options = {
    algorithms: [alg], issuer: ISSUER, audience: 'api', typ: 'JWT', clockTolerance: 0,
    requiredClaims: ['exp', 'iat', 'nbf', 'iss', 'aud', 'sub', 'jti'],
  }
  for (const [road, key] of Object.entries(keys)) {
    const name = `${alg}, ${line.name}, key as ${road}`
    try {
      const { payload, protectedHeader } = await jose.jwtVerify(line.token, key, options)
      const ok = payload.role === 'admin' && payload['näme'] === 'Zoë "q" \u{1f511}'
        && protectedHeader.kid === line.kid
      say({ kind: 'verdict', name, ok, error: ok ? '' : JSON.stringify([protectedHeader, payload]) })
    } catch (error) {
      say({ kind: 'verdict', name, ok: false, error: String(error) })
    }
    const refused = await jose.jwtVerify(tampered(line.token), key, options).then(() => false, () => true)
    say({ kind: 'verdict', name: `${name}, tampered`, ok: refused, error: refused ? '' : 'accepted' })
  }
  if (line.pkcs8) {
    // Our private key, used over there.
    const key = await jose.importPKCS8(line.pkcs8, alg)
    const token = await new jose.SignJWT(claims()).setProtectedHeader({ alg, kid: line.kid }).sign(key)
    say({ kind: 'borrowed', alg, name: line.name, token, jwk: line.jwk })
  }
}

function claims(others = {}) {
  return {
    iss: ISSUER, aud: 'api', sub: '7', iat: NOW, nbf: NOW, exp: NOW + 600,
    role: 'admin', nested: { a: [1, 2.5, null, 'ü'] }, ...others,
  }
}

async function mint() {
  for (const alg of ALGS) {
    const kid = `jose-${alg}`
    const shared = alg.startsWith('HS')
    let key, jwk
    const pems = {}
    if (shared) {
      key = await jose.generateSecret(alg, { extractable: true })
      jwk = { ...(await jose.exportJWK(key)), kid, alg }
    } else {
      const pair = await jose.generateKeyPair(alg, { extractable: true })
      key = pair.privateKey
      jwk = { use: 'sig', alg, kid, ...(await jose.exportJWK(pair.publicKey)), key_ops: ['verify'], ext: true }
      pems.SPKI = await jose.exportSPKI(pair.publicKey)
      pems['PKCS#8'] = await jose.exportPKCS8(key)
    }
    say({ kind: 'key', alg, kid, jwk, pems })
    const token = async (name, expect, body, header = {}, options = {}) => {
      const protectedHeader = { typ: 'JWT', kid, ...header, alg }
      const text = await new jose.SignJWT(body).setProtectedHeader(protectedHeader).sign(key, options)
      say({ kind: 'token', alg, kid, name, token: text, expect })
      return text
    }
    const text = await token('plain', 'ok', claims())
    await token('aud an array', 'ok', claims({ aud: ['admin', 'api'] }))
    await token('aud an array of one', 'ok', claims({ aud: ['api'] }))
    await token('typ at+jwt', 'ok', claims(), { typ: 'at+jwt' })
    await token('no typ', 'ok', claims(), { typ: undefined })
    await token('header members of its own', 'ok', claims(), { jku: 'https://x.example', n: { a: 1 } })
    await token('expired', 'token_expired', claims({ exp: NOW - 1 }))
    await token('not valid yet', 'token_not_yet_valid', claims({ nbf: NOW + 3600 }))
    await token('another audience', 'wrong_audience', claims({ aud: ['ops'] }))
    await token('no audience', 'missing_claim', claims({ aud: undefined }))
    await token('crit', 'unsupported_header', claims(), { crit: ['policy'], policy: 'strict' }, { crit: { policy: true } })
    await token('unknown kid', 'unknown_key', claims(), { kid: 'elsewhere' })
    say({ kind: 'token', alg, kid, name: 'tampered', token: tampered(text), expect: 'unauthentic' })
    const unsigned = new jose.UnsecuredJWT(claims()).encode()
    say({ kind: 'token', alg, kid, name: 'alg none', token: unsigned, expect: 'algorithm_mismatch|unknown_key' })
    // RFC 7797: the payload stands in the token as it is, here text that looks like base64url.
    const unencoded = await new jose.FlattenedSign(new TextEncoder().encode('e30'))
      .setProtectedHeader({ alg, kid, b64: false, crit: ['b64'] }).sign(key)
    const parts = [unencoded.protected, 'e30', unencoded.signature]
    say({ kind: 'token', alg, kid, name: 'b64 false', token: parts.join('.'), expect: 'unsupported_header' })
  }
}

for await (const text of createInterface({ input: process.stdin })) {
  await verify(JSON.parse(text))
}
await mint()
