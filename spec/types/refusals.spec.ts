import { describe } from 'vitest'
import { describeRefusals } from './refused-calls.js'

describe('with this compiler', () => describeRefusals('typescript'))
