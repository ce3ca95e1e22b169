/** Does nothing but write one character, to measure the start of Node itself. */
import { writeSync } from 'node:fs'

writeSync(1, '.')
