// npm jose's side of grid.py: reads each message of `exchange write` and answers it with one of the same
// kind to the same key. JSON lines in and out; what it should lack must indeed fail.

import { createInterface } from 'node:readline'
import * as jose from 'jose'

const say = (line) => console.log(JSON.stringify(line))
const { encode, decode } = jose.base64url
const utf8 = new TextDecoder()

// Why it cannot, where it cannot.
function lacks(line) {
  if (line.enc === 'XC20P') return 'jose has no XC20P, a draft\'s name'
  if (line.alg === 'ES256K') return 'jose has no ES256K since its version 6'
  return null
}

async function attempt(why, name, act) {
  try {
    const outcome = await act()
    if (!why) return outcome
    say({ kind: 'verdict', name, ok: false, error: `it works after all, though ${why}` })
  } catch (error) {
    if (why) say({ kind: 'lack', name, why })
    else say({ kind: 'verdict', name, ok: false, error: String(error) })
  }
  return undefined
}

function tampered(token) {
  const bend = (text) => (text[0] === 'A' ? 'B' : 'A') + text.slice(1)
  if (!token.startsWith('{')) {
    const at = token.lastIndexOf('.') + 1
    return token.slice(0, at) + bend(token.slice(at))
  }
  const message = JSON.parse(token)
  for (const place of [message, ...(message.signatures ?? [])]) {
    for (const name of ['tag', 'signature']) if (place[name]) place[name] = bend(place[name])
  }
  return JSON.stringify(message)
}

// The payload, the header, and the additional data.
async function open(line, keys) {
  const payload = decode(line.payload)
  if (line.kind === 'jws') {
    let result
    for (const kid of line.kids) {
      const key = keys.get(kid).public
      if (line.form === 'compact') {
        const [head, body, signature] = line.token.split('.')
        // Detached, it is put back as RFC 7515 appendix F says.
        const away = line.unencoded ? payload : encode(payload)
        const token = { protected: head, payload: line.detached ? away : body, signature }
        result = await jose.flattenedVerify(token, key)
      } else {
        const token = JSON.parse(line.token)
        if (line.detached) token.payload = line.unencoded ? payload : encode(payload)
        const verify = line.form === 'general' ? jose.generalVerify : jose.flattenedVerify
        result = await verify(token, key)
      }
    }
    return { payload: result.payload, header: { ...result.unprotectedHeader, ...result.protectedHeader } }
  }
  let result
  for (const kid of line.kids) {
    const { private: key, alg } = keys.get(kid)
    const options = { keyManagementAlgorithms: [alg] } // PBES2 is to be asked for
    if (line.form === 'compact') result = await jose.compactDecrypt(line.token, key, options)
    else if (line.form === 'flattened') result = await jose.flattenedDecrypt(JSON.parse(line.token), key, options)
    else result = await jose.generalDecrypt(JSON.parse(line.token), key, options)
  }
  const header = { ...result.sharedUnprotectedHeader, ...result.unprotectedHeader, ...result.protectedHeader }
  return { payload: result.plaintext, header, aad: result.additionalAuthenticatedData }
}

async function read(line, keys) {
  const name = `reads ${line.name}`
  const good = await attempt(lacks(line), name, async () => {
    const { payload, header, aad } = await open(line, keys)
    if (encode(payload) !== line.payload) throw new Error('another payload')
    if ((aad ? encode(aad) : null) !== line.aad) throw new Error('other additional data')
    for (const [member, value] of Object.entries(line.header)) {
      if (header[member] !== value) throw new Error(`${member} in the header: ${header[member]}`)
    }
    const alg = line.header.cty === 'jwk+json' && line.name.split(' ').pop()
    if (alg && !lacks({ alg })) await imported(JSON.parse(utf8.decode(payload)), alg)
    if (line.inner) {
      const within = { ...line, kind: 'jws', kids: [line.inner], token: utf8.decode(payload) }
      await open(within, keys)
    }
    return true
  })
  if (!good) return
  say({ kind: 'verdict', name, ok: true, error: '' })
  const refused = await open({ ...line, token: tampered(line.token) }, keys).then(() => false, () => true)
  if (!refused) say({ kind: 'verdict', name: `${name}, tampered`, ok: false, error: 'it reads that, too' })
}

async function make(line, keys) {
  const payload = decode(line.payload)
  const [first] = line.kids
  const { alg } = keys.get(first)
  if (line.kind === 'jws') {
    const header = (kid) => ({
      ...line.header, alg: keys.get(kid).alg, kid, ...(line.unencoded ? { b64: false, crit: ['b64'] } : {}),
    })
    let token
    if (line.form === 'general') {
      const sign = new jose.GeneralSign(payload)
      for (const kid of line.kids) {
        sign.addSignature(keys.get(kid).private).setProtectedHeader(header(kid)).setUnprotectedHeader(line.unprotected)
      }
      token = await sign.sign()
    } else {
      const sign = new jose.FlattenedSign(payload).setProtectedHeader(header(first))
      if (line.form === 'flattened') sign.setUnprotectedHeader(line.unprotected)
      token = await sign.sign(keys.get(first).private)
    }
    // Unencoded, it leaves the payload for the caller to put there.
    if (line.detached) delete token.payload
    else if (line.unencoded) token.payload = utf8.decode(payload)
    if (line.form !== 'compact') return JSON.stringify(token)
    return [token.protected, token.payload ?? '', token.signature].join('.')
  }
  const shared = { ...line.header, enc: line.enc, ...(line.zip ? { zip: 'DEF' } : {}) }
  const parties = line.apu ? { apu: decode(line.apu), apv: decode(line.apv) } : null
  if (line.form === 'general') {
    const encrypt = new jose.GeneralEncrypt(payload).setProtectedHeader(shared)
      .setSharedUnprotectedHeader(line.unprotected)
    if (line.aad) encrypt.setAdditionalAuthenticatedData(decode(line.aad))
    for (const kid of line.kids) {
      const recipient = encrypt.addRecipient(keys.get(kid).public)
        .setUnprotectedHeader({ alg: keys.get(kid).alg, kid })
      if (parties) recipient.setKeyManagementParameters(parties)
    }
    return JSON.stringify(await encrypt.encrypt())
  }
  const Encrypt = line.form === 'compact' ? jose.CompactEncrypt : jose.FlattenedEncrypt
  const encrypt = new Encrypt(payload).setProtectedHeader({ ...shared, alg, kid: first })
  if (parties) encrypt.setKeyManagementParameters(parties)
  if (line.form === 'compact') return encrypt.encrypt(keys.get(first).public)
  encrypt.setSharedUnprotectedHeader(line.unprotected)
  if (line.aad) encrypt.setAdditionalAuthenticatedData(decode(line.aad))
  return JSON.stringify(await encrypt.encrypt(keys.get(first).public))
}

async function write(line, keys) {
  const token = await attempt(lacks(line), `writes ${line.name}`, () => make(line, keys))
  if (token !== undefined) say({ ...line, token })
}

const imported = (jwk, alg) => jose.importJWK(jwk, alg)

// A fresh key of the same kind, as JWK.
async function generate(jwk, alg) {
  if (jwk.kty === 'oct') {
    const bytes = crypto.getRandomValues(new Uint8Array(decode(jwk.k).length))
    const own = { kty: 'oct', k: encode(bytes) }
    return [own, own]
  }
  const pair = await jose.generateKeyPair(alg, { extractable: true, crv: jwk.crv })
  return [await jose.exportJWK(pair.privateKey), await jose.exportJWK(pair.publicKey)]
}

const lines = []
for await (const text of createInterface({ input: process.stdin })) lines.push(JSON.parse(text))
const keys = new Map()
for (const line of lines.filter(({ kind }) => kind === 'key')) {
  const { name: kid, alg } = line
  const why = lacks(line)
  if (why) {
    say({ kind: 'lack', name: `the key ${kid}`, why })
    continue
  }
  keys.set(kid, { private: await imported(line.jwk, alg), public: await imported(line.public, alg), alg })
  const own = `${kid} of its own`
  const [jwk, half] = await generate(line.jwk, alg)
  say({ ...line, name: own, jwk: { ...jwk, kid: own }, public: { ...half, kid: own } })
  keys.set(own, { private: await imported(jwk, alg), public: await imported(half, alg), alg })
}
const fresh = new Set()
for (const line of lines.filter(({ kind }) => kind !== 'key')) {
  if (line.kids.length > 1) line.kids = line.kids.filter((kid) => keys.has(kid))
  await read(line, keys)
  await write(line, keys)
  // The first message to each key is answered with the peer's own, too.
  const [kid] = line.kids
  if (line.kids.length === 1 && !fresh.has(kid) && !lacks(line)) {
    fresh.add(kid)
    await write({ ...line, name: `${line.name}, key of its own`, kids: [`${kid} of its own`] }, keys)
  }
}
