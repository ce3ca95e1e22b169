/** The rules of `misbehave` as JSON, which has neither Infinity nor regular expressions. */
import { type ActiveFault, CONTENTS, DROPS, type Misbehaviour, SIGNATURES, STATUSES } from '../gateway/faults.js'
import { described, INTEGER, NUMBER, object, STRING } from './schema.js'

export interface SentMisbehaviour extends Omit<Misbehaviour, 'times' | 'latency' | 'match'> {
  times?: number | null
  latency?: number | null
  match?: { method?: string; path?: string; pattern?: string }
}

export interface ListedFault {
  readonly id: number
  readonly left: number | null
  readonly rule: SentMisbehaviour
}

export const MISBEHAVIOUR = object(
  {
    times: described(
      { type: ['integer', 'null'] },
      'How many requests it applies to; default 1, null means until `behave`.',
    ),
    every: described(INTEGER, 'Applies to every n-th matching request; default 1.'),
    probability: described(NUMBER, 'Applies to a matching request with this probability; default 1.'),
    seed: described(INTEGER, 'The same seed gives the same random choices; default 1.'),
    operation: described(STRING, 'A method and a path, whose placeholders stand for any one segment.'),
    match: object(
      {
        method: STRING,
        path: described(STRING, 'The path without its query.'),
        pattern: described(STRING, 'A regular expression, in place of `path`.'),
      },
      'all',
    ),
    latency: described({ type: ['number', 'null'] }, 'Milliseconds; null means that no response is ever sent.'),
    jitter: described(NUMBER, 'Up to this many milliseconds are added to `latency` at random.'),
    status: { type: 'integer', enum: STATUSES },
    drop: { type: 'string', enum: DROPS },
    signature: { type: 'string', enum: SIGNATURES },
    clockSkew: described(INTEGER, 'Seconds.'),
    content: { type: 'string', enum: CONTENTS },
  },
  'all',
)

export const FAULT = object({
  id: INTEGER,
  left: described({ type: ['integer', 'null'] }, 'How many requests it still applies to; null means until `behave`.'),
  rule: MISBEHAVIOUR,
})

export function readMisbehaviour({ times, latency, match, ...rule }: SentMisbehaviour): Misbehaviour {
  const { pattern, ...matched } = match ?? {}
  return {
    ...rule,
    ...(times !== undefined && { times: times ?? Number.POSITIVE_INFINITY }),
    ...(latency !== undefined && { latency: latency ?? Number.POSITIVE_INFINITY }),
    ...(match && { match: { ...matched, ...(pattern !== undefined && { path: new RegExp(pattern) }) } }),
  }
}

export function listFault({ id, left, rule: { times, latency, match, ...rule } }: ActiveFault): ListedFault {
  const { path, ...matched } = match ?? {}
  return {
    id,
    left: finite(left),
    rule: {
      ...rule,
      ...(times !== undefined && { times: finite(times) }),
      ...(latency !== undefined && { latency: finite(latency) }),
      ...(match && {
        match: {
          ...matched,
          ...(path !== undefined && (typeof path === 'string' ? { path } : { pattern: path.source })),
        },
      }),
    },
  }
}

function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null
}
