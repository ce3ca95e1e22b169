/** The checks that call WeChat Pay: with the echo endpoint, which moves no money. */
import { randomUUID } from 'node:crypto'
import { ApiError, Builder, Certificates, SignatureError, type WechatPay, WechatPayError } from '../../index.js'
import { type Configuration, configOf } from '../configuration.js'
import { type CallbackOptions, checkCallback } from './callback.js'
import { reportFailure } from './failures.js'
import type { Report } from './report.js'

export async function checkCalls(
  configuration: Configuration,
  options: CallbackOptions,
  report: Report,
): Promise<void> {
  await checkSignature(configuration, report)
  if (!report.allows('response', 'signature', 'platform-keys', 'configuration')) {
    for (const id of ['certificates', 'encryption', 'callback'] as const) report.allows(id, 'response')
    return
  }
  const client = Builder.factory(configOf(configuration))
  await checkResponse(client, report)
  await checkCertificates(client, configuration, report)
  await checkEncryption(client, configuration, report)
  await checkCallback(client, configuration, options, report)
}

/** Whether WeChat Pay accepts the merchant's signature. The next check verifies the response. */
async function checkSignature(configuration: Configuration, report: Report): Promise<void> {
  const needed = ['merchant', 'private-key', 'certificate', 'key-pair', 'serial', 'reachable', 'clock'] as const
  if (!report.allows('signature', ...needed)) return
  const { mchid, serial, privateKey, merchant, certificate, base_uri, ca, proxy } = configuration
  const own = { mchid, serial, privateKey, merchant, certificate, base_uri, ca, proxy }
  const given = Object.fromEntries(Object.entries(own).filter(([, value]) => value !== undefined))
  try {
    const client = Builder.factory({
      ...configOf(given),
      verifier: { announcedSerial: () => undefined, verify: () => true },
      retry: false,
    })
    await client.v3.security.echo.post({ json: { echo_message: 'hello' } })
    report.ok('signature', report.words.doctor.signatureAccepted)
  } catch (error) {
    if (error instanceof SignatureError) report.ok('signature', report.words.doctor.signatureAccepted)
    else if (error instanceof ApiError) reportRefusal(error, report)
    else reportFailure('signature', error, report)
  }
}

function reportRefusal(error: ApiError, report: Report): void {
  if (error.code !== 'SIGN_ERROR' && error.statusCode !== 401) {
    // WeChat Pay knows the merchant, which has no access to the echo endpoint.
    report.ok('signature', report.words.doctor.signatureAccepted)
    return
  }
  const said = `${error.message} ${JSON.stringify(error.detail ?? '')}`
  if (/serial_no|证书序列号/.test(fieldOf(error) ?? said)) report.fault('signature', 'SERIAL_UNKNOWN')
  else if (/mchid|商户号/.test(fieldOf(error) ?? said)) report.fault('signature', 'MCHID_UNKNOWN')
  else if (/timestamp/.test(fieldOf(error) ?? said)) report.fault('signature', 'SIGNATURE_TIME')
  else report.fault('signature', 'SIGNATURE_WRONG')
}

function fieldOf({ detail }: ApiError): string | undefined {
  const field: unknown = typeof detail === 'object' && detail !== null ? Reflect.get(detail, 'field') : undefined
  return typeof field === 'string' ? field : undefined
}

/** Whether the response is signed with a key of the configuration. */
async function checkResponse(client: WechatPay, report: Report): Promise<void> {
  try {
    await client.v3.security.echo.post({ json: { echo_message: 'hello' } })
    report.ok('response', report.words.doctor.responseVerified)
  } catch (error) {
    if (error instanceof SignatureError) {
      if (error.reason === 'serial') report.fault('response', 'PLATFORM_KEY_UNKNOWN', serialIn(error))
      else if (error.reason === 'mismatch') report.fault('response', 'PLATFORM_KEY_WRONG')
      else report.fault('response', 'RESPONSE_INVALID', error.message)
    } else if (error instanceof ApiError) report.skip('response', report.words.doctor.noEcho(error.code))
    else reportFailure('response', error, report)
  }
}

function serialIn({ message }: SignatureError): string {
  return /(?:PUB_KEY_ID_)?[0-9A-Fa-f]{20,}/.exec(message)?.[0] ?? ''
}

/** Decrypting the list proves the APIv3 key. */
async function checkCertificates(client: WechatPay, configuration: Configuration, report: Report): Promise<void> {
  if (!report.allows('certificates', 'response', 'apiv3-key')) return
  if (configuration.apiv3Key === undefined) {
    report.skip('certificates', report.words.doctor.noApiv3Key)
    return
  }
  try {
    const { length } = await Certificates.download(client)
    report.ok('certificates', report.words.doctor.certificates(length))
  } catch (error) {
    if (error instanceof WechatPayError && error.code === 'ERR_NO_PLATFORM_CERTIFICATE') {
      report.skip('certificates', report.words.doctor.noCertificates)
    } else if (error instanceof WechatPayError && error.code === 'ERR_APIV3_KEY') {
      report.fault('certificates', 'APIV3_KEY_WRONG', configuration.apiv3Key === configuration.secret)
    } else reportFailure('certificates', error, report)
  }
}

/** Sends a sensitive field that is encrypted for WeChat Pay, which returns it encrypted for the merchant. */
async function checkEncryption(client: WechatPay, configuration: Configuration, report: Report): Promise<void> {
  // Without a configured key, the client encrypts with a downloaded certificate.
  const needed = hasKeys(configuration) ? (['response'] as const) : (['response', 'certificates'] as const)
  if (!report.allows('encryption', ...needed)) return
  const secret = randomUUID()
  try {
    const { data } = await client.v3.security.echo.post({
      json: { echo_message: 'hello', encrypted_echo_message: secret },
    })
    // The documents do not require the field in the response. Without it, only the encryption is proven.
    const { encrypted_echo_message = secret } = data
    if (encrypted_echo_message === secret) report.ok('encryption', report.words.doctor.encrypted)
    else report.fault('encryption', 'ENCRYPTION_WRONG')
  } catch (error) {
    if (error instanceof ApiError && error.statusCode === 400) report.fault('encryption', 'ENCRYPTION_REFUSED')
    else if (error instanceof ApiError) report.skip('encryption', report.words.doctor.noEcho(error.code))
    else if (error instanceof WechatPayError && error.code === 'ERR_FIELD_NOT_DECRYPTED') {
      report.fault('encryption', 'ENCRYPTION_WRONG')
    } else reportFailure('encryption', error, report)
  }
}

function hasKeys({ certs }: Configuration): boolean {
  return Object.keys(Object(certs)).length > 0
}
