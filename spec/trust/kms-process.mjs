// A key management service in a process of its own: the private key is made here and never leaves. One JSON per line.
import { constants, createSign, generateKeyPairSync, privateDecrypt } from 'node:crypto'
import { createServer } from 'node:net'
import process from 'node:process'
import { createInterface } from 'node:readline'

const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })

const operations = {
  sign: data => createSign('sha256').update(data).sign(privateKey),
  decrypt: data => privateDecrypt({ key: privateKey, padding: constants.RSA_PKCS1_OAEP_PADDING }, data),
}

const server = createServer(socket => {
  createInterface(socket).on('line', line => {
    const { id, operation, data } = JSON.parse(line)
    try {
      const result = operations[operation](Buffer.from(data, 'base64')).toString('base64')
      socket.write(`${JSON.stringify({ id, result })}\n`)
    } catch {
      socket.write(`${JSON.stringify({ id, failure: 'the service refuses' })}\n`)
    }
  })
})
server.listen(process.argv[2], () => process.send(publicKey.export({ type: 'spki', format: 'pem' })))
process.on('disconnect', () => process.exit())
