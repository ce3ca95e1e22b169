import { describe, expect, it } from 'vitest'
import { readPem } from '../../lib/crypto/pem.js'

const block = (label: string, body = 'AAAA') => `-----BEGIN ${label}-----\n${body}\n-----END ${label}-----\n`

describe('the blocks of PEM', () => {
  it('are read in order, and what is around them is skipped', () => {
    const found = readPem(`before ${block('A')} between ${block('RSA B', 'BB\nBB')} after`)
    expect(found).toEqual([
      { label: 'A', base64: 'AAAA', encrypted: undefined },
      { label: 'RSA B', base64: 'BBBB', encrypted: undefined },
    ])
  })

  it.each([
    ['a first line alone', '-----BEGIN A-----\nAAAA'],
    ['a last line alone', 'AAAA\n-----END A-----'],
    ['two lines that do not belong together', '-----BEGIN A-----\nAAAA\n-----END B-----'],
    ['a label that is endless', `-----BEGIN ${'A'.repeat(65)}-----\nAAAA\n-----END ${'A'.repeat(65)}-----`],
  ])('need both of their lines: %s', (_what, pem) => {
    expect(readPem(pem)).toEqual([])
  })

  it('are found behind one that does not end', () => {
    expect(readPem(`-----BEGIN A-----\nAA${block('A', 'BBBB')}`)).toMatchObject([{ base64: 'BBBB' }])
  })

  it.each([
    ['first lines', '-----BEGIN A-----'],
    ['beginnings of first lines', '-----BEGIN A'],
    ['last lines', '-----END A-----'],
    ['dashes', '-'],
    ['backslashes', '\\'],
    ['labels', '-----BEGIN '.concat('A '.repeat(30))],
    ['headers of encrypted blocks', '-----BEGIN A-----Proc-Type: 4,ENCRYPTED DEK-Info: '],
  ])('are read in one pass, however many %s a stranger sends', (_what, piece) => {
    expect(readPem(piece.repeat(Math.ceil(4_000_000 / piece.length)))).toEqual([])
  })

  it('with the headers of encryption get their line ends back', () => {
    const [found] = readPem(
      block('RSA PRIVATE KEY', `Proc-Type: 4,ENCRYPTED DEK-Info: AES-256-CBC,00FF ${'A'.repeat(80)}`),
    )
    expect(found?.encrypted?.split('\n')).toEqual([
      '-----BEGIN RSA PRIVATE KEY-----',
      'Proc-Type: 4,ENCRYPTED',
      'DEK-Info: AES-256-CBC,00FF',
      '',
      'A'.repeat(64),
      'A'.repeat(16),
      '-----END RSA PRIVATE KEY-----',
      '',
    ])
  })
})
