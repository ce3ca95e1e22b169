/** Creates the client for a command. */
import { Builder, InvalidArgumentError, type WechatPay } from '../index.js'
import { type Configuration, configOf } from './configuration.js'
import { EXIT, Failure } from './exit-codes.js'
import type { Terminal } from './terminal.js'

/** @throws Failure for an invalid configuration, with the first fault that `doctor` finds. */
export async function openClient(configuration: Configuration, { words }: Terminal): Promise<WechatPay> {
  try {
    return Builder.factory(configOf(configuration))
  } catch (error) {
    if (!(error instanceof InvalidArgumentError)) throw error
    const { checkKeys } = await import('./doctor/keys.js')
    const fault = checkKeys(configuration, words).report.findings.find(({ status }) => status === 'fault')
    throw new Failure(EXIT.usage, fault?.text ?? words.configuration.refused(error.message))
  }
}
