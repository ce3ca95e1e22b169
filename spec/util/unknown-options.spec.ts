import { describe, expect, it } from 'vitest'
import { InvalidArgumentError } from '../../lib/errors.js'
import { refuseUnknownOptions } from '../../lib/util/unknown-options.js'

describe('refuseUnknownOptions', () => {
  it('lets known options pass', () => {
    expect(() => refuseUnknownOptions({ timeout: 1 }, ['timeout', 'retry'], 'a call')).not.toThrow()
  })

  it('names every option that is not known, what does not know it, and the options that are', () => {
    const refused = () => refuseUnknownOptions({ timeout: 1, tiemout: 2, rtry: 3 }, ['timeout', 'retry'], 'a call')
    expect(refused).toThrow(InvalidArgumentError)
    expect(refused).toThrow(/`tiemout`, `rtry` .*a call.* timeout, retry/)
  })
})
