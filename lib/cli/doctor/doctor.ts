/** `doctor`: checks for the usual mistakes in a first call. */
import { type Configuration, type ConfigurationOptions, fileUrl, readConfiguration } from '../configuration.js'
import { EXIT, type ExitCode } from '../exit-codes.js'
import type { Terminal } from '../terminal.js'
import { checkKeys } from './keys.js'
import { type CheckId, type Finding, Report } from './report.js'

export interface DoctorOptions extends ConfigurationOptions {
  readonly cert?: string
  readonly notifyUrl?: string
  readonly port?: number
  readonly wait: number
  readonly offline?: boolean
  readonly json?: boolean
}

const ONLINE: readonly CheckId[] = [
  'reachable',
  'clock',
  'signature',
  'response',
  'certificates',
  'encryption',
  'callback',
]

export async function doctor(terminal: Terminal, options: DoctorOptions): Promise<ExitCode> {
  const { words } = terminal
  const { cert, json, offline } = options
  const given = readConfiguration(options, terminal)
  const configuration = cert === undefined ? given : { ...given, certificate: fileUrl(cert, process.cwd()) }
  const report = new Report(words, finding => {
    if (!json) terminal.print(lineOf(finding, terminal))
  })
  const { usable } = checkKeys(configuration, words, report)
  if (offline) for (const id of ONLINE) report.skip(id, words.doctor.offline)
  else await checkOnline(usable, options, terminal, report)
  const faults = report.findings.filter(({ status }) => status === 'fault').length
  if (json) terminal.printJson({ ok: faults === 0, checks: report.findings })
  else terminal.print(faults === 0 ? words.doctor.sound : words.doctor.faults(faults))
  return faults === 0 ? EXIT.done : EXIT.failed
}

async function checkOnline(
  configuration: Configuration,
  { notifyUrl, port, wait }: DoctorOptions,
  terminal: Terminal,
  report: Report,
): Promise<void> {
  const { checkNetwork } = await import('./network.js')
  await checkNetwork(configuration, report)
  if (configuration.brand_id !== undefined) {
    for (const id of ONLINE.slice(2)) report.skip(id, report.words.doctor.brand)
    return
  }
  const { checkCalls } = await import('./calls.js')
  const callback = {
    terminal,
    wait,
    ...(notifyUrl !== undefined && { notifyUrl }),
    ...(port !== undefined && { port }),
  }
  await checkCalls(configuration, callback, report)
}

const MARKS = { ok: '✓', warning: '!', fault: '✗', skipped: '–' } as const
const STYLES = { ok: 'green', warning: 'yellow', fault: 'red', skipped: 'dim' } as const

function lineOf({ id, status, text }: Finding, terminal: Terminal): string {
  const { checks, doctor } = terminal.words
  return `${terminal.paint(STYLES[status], MARKS[status])} ${doctor.line(terminal.paint('bold', checks[id]), text)}`
}
