/** The schema of the ledger's entries, as the control API lists them. */
import { ACTS } from '../ledger/acts.js'
import { arrayOf, described, INTEGER, object, STRING } from './schema.js'

const TIME = described(INTEGER, 'Milliseconds since 1970, by business time.')

const ACT = object({
  act: described(
    { type: 'string', enum: ACTS },
    'The operation of this API that triggers the event, called with `number`.',
  ),
  fails: described(
    { type: 'string', enum: ['any', 'listed', 'never'] },
    'What `fail` may be: any reason, one of `reasons`, or nothing.',
  ),
  reasons: described(arrayOf(STRING), 'The documented reasons.'),
})

const STEP = object({ at: TIME, state: STRING, event: STRING, reason: STRING }, ['event', 'reason'])

export const ENTRY = object(
  {
    kind: described(STRING, 'Such as `orders`, `refunds` or `transfers`.'),
    type: described(STRING, 'Such as the trade type of an order.'),
    mchid: STRING,
    number: described(STRING, "The merchant's number."),
    id: described(STRING, "WeChat Pay's number."),
    state: STRING,
    reason: described(STRING, 'The reason for the failure.'),
    title: STRING,
    amount: described(INTEGER, 'Fen.'),
    currency: described(STRING, 'Default: CNY.'),
    created: TIME,
    updated: TIME,
    events: described(arrayOf(STRING), 'The events that are possible in this state.'),
    acts: described(arrayOf(ACT), 'The events that this API can trigger in this state.'),
    due: described(object({ at: TIME, event: STRING }), 'The event that happens by itself.'),
    history: described(arrayOf(STEP), 'Its states, oldest first.'),
  },
  ['type', 'reason', 'title', 'amount', 'currency', 'due'],
)
