/** How far a simulator came with a request that it refused: each step of its verification, in its order. */
import { member } from './control.js'
import type { Words } from './words/words.js'

export interface LoggedRequest {
  readonly id: number
  readonly time: number
  readonly method: string
  readonly path: string
  readonly statusCode?: number
  readonly refusal?: string
  readonly authorization?: Readonly<Record<string, string>>
}

export interface Step {
  readonly state: 'passed' | 'failed' | 'open'
  readonly text: string
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

export function stepsOf({ path, refusal = '', authorization }: LoggedRequest, words: Words): readonly Step[] {
  const { steps } = words
  const problem = parse(refusal)
  if (problem === undefined) return [{ state: 'failed', text: reasonInXml(refusal) }]
  const detail = member(problem, 'detail')
  const field = fieldOf(detail)
  const said = [member(problem, 'code'), member(problem, 'message'), member(detail, 'issue')]
    .filter(part => typeof part === 'string')
    .join(' · ')
  const isOfSignature = member(detail, 'location') === 'authorization' || member(detail, 'location') === 'header'
  if (!isOfSignature) {
    const where = typeof field === 'string' ? steps.field(field) : steps.content
    return [...STEPS.map(passed), { state: 'failed', text: `${where}: ${said}` }]
  }
  const at = STEPS.findIndex(step => step === field)
  return [
    ...STEPS.slice(0, at).map(passed),
    { state: 'failed', text: `${steps[STEPS[at] ?? 'authorization']}: ${said}${signedOf(detail)}` },
    ...STEPS.slice(at + 1).map((step): Step => ({ state: 'open', text: steps[step] })),
  ]

  function passed(step: (typeof STEPS)[number]): Step {
    const value = step === 'scheme' ? authorization?.scheme : authorization?.[NAMES[step] ?? '']
    return { state: 'passed', text: value === undefined ? steps[step] : `${steps[step]} ${value}` }
  }

  function signedOf(given: unknown): string {
    const message = member(member(given, 'sign_information'), 'truncated_sign_message')
    return typeof message === 'string' ? `\n      ${steps.signed(JSON.stringify(message), path)}` : ''
  }
}

/** The parameters of the header, as the log names them. */
const NAMES: Readonly<Record<string, string>> = {
  mchid: 'mchid',
  serial_no: 'serial',
  timestamp: 'timestamp',
  nonce_str: 'nonce',
}

function fieldOf(detail: unknown): unknown {
  const field = member(detail, 'field')
  if (field === 'accept' || field === 'user-agent') return 'headers'
  return field === 'brand_id' ? 'mchid' : field
}

function parse(refusal: string): unknown {
  try {
    return JSON.parse(refusal)
  } catch {
    return undefined
  }
}

/** APIv2 says it in XML. */
function reasonInXml(refusal: string): string {
  const named = ['err_code_des', 'err_code', 'return_msg'].map(
    name => new RegExp(`<${name}>(?:<!\\[CDATA\\[)?(.*?)(?:\\]\\]>)?</${name}>`, 's').exec(refusal)?.[1],
  )
  return named.find(reason => reason) ?? refusal.slice(0, 200)
}
