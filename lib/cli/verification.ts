/** The verification steps of a request that a simulator refused, up to the failed one. */
import type { SimulatorRequest } from '../simulator/index.js'
import { member } from './control.js'
import type { Words } from './words/words.js'

/** An entry of a simulator's log, for a request with a response. */
export interface LoggedRequest
  extends Pick<SimulatorRequest, 'id' | 'time' | 'method' | 'path'>,
    Partial<Pick<SimulatorRequest, 'authorization' | 'refusal' | 'diagnosis'>> {
  readonly statusCode: number
}

export interface Step {
  readonly state: 'passed' | 'failed' | 'open'
  readonly text: string
  /** The likely mistakes, and the strings to compare. */
  readonly reasons: readonly string[]
}

const STEPS = [
  'headers',
  'authorization',
  'scheme',
  'mchid',
  'serial_no',
  'timestamp',
  'nonce_str',
  'signature',
] as const

/** The steps of a request that was refused; none for any other. */
export function stepsOf(request: LoggedRequest, words: Words): readonly Step[] {
  const { refusal, authorization } = request
  if (refusal === undefined) return []
  const { steps } = words
  const problem = parse(refusal)
  const reasons = reasonsOf(request, words)
  // APIv2 has one step only.
  if (problem === undefined) return [{ state: 'failed', text: reasonInXml(refusal), reasons }]
  const detail = member(problem, 'detail')
  const said = [member(problem, 'code'), member(problem, 'message'), member(detail, 'issue')]
    .filter(part => typeof part === 'string')
    .join(' · ')
  const passed = (step: (typeof STEPS)[number]): Step => {
    const value = step in NAMES ? member(authorization, NAMES[step] ?? '') : undefined
    return { state: 'passed', text: [steps[step], ...(value === undefined ? [] : [value])].join(' '), reasons: [] }
  }
  const field = String(member(detail, 'field') ?? '')
  const at = isOfSignature(detail) ? STEPS.findIndex(step => step === (ALIASES[field] ?? field)) : STEPS.length
  const failing = at === STEPS.length ? (field === '' ? steps.content : steps.field(field)) : undefined
  const failed = failing ?? steps[STEPS[at] ?? 'authorization']
  return [
    ...STEPS.slice(0, Math.max(at, 0)).map(passed),
    { state: 'failed', text: steps.failed(failed, said), reasons },
    ...STEPS.slice(at + 1).map((step): Step => ({ state: 'open', text: steps[step], reasons: [] })),
  ]
}

/** The parameters of the header, as the log names them. */
const NAMES: Readonly<Record<string, string>> = {
  scheme: 'scheme',
  mchid: 'mchid',
  serial_no: 'serial',
  timestamp: 'timestamp',
  nonce_str: 'nonce',
}

const ALIASES: Readonly<Record<string, string>> = { accept: 'headers', 'user-agent': 'headers', brand_id: 'mchid' }

function isOfSignature(detail: unknown): boolean {
  return ['authorization', 'header'].includes(String(member(detail, 'location')))
}

function reasonsOf({ diagnosis }: LoggedRequest, { mistake, steps }: Words): readonly string[] {
  if (!diagnosis) return []
  const { mistakes, expected, signed } = diagnosis
  return [
    ...mistakes.map(mistake),
    ...(expected === undefined ? [] : [steps.expected(JSON.stringify(expected))]),
    ...(signed === undefined ? [] : [steps.signed(JSON.stringify(signed))]),
  ]
}

function parse(refusal: string): unknown {
  try {
    return JSON.parse(refusal)
  } catch {
    return undefined
  }
}

function reasonInXml(refusal: string): string {
  const named = ['err_code_des', 'err_code', 'return_msg'].map(
    name => new RegExp(`<${name}>(?:<!\\[CDATA\\[)?(.*?)(?:\\]\\]>)?</${name}>`, 's').exec(refusal)?.[1],
  )
  return named.find(reason => reason) ?? refusal.slice(0, 200)
}
