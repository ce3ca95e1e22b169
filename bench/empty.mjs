/** Says at once that it is here: what starting Node itself costs. */
import { writeSync } from 'node:fs'

writeSync(1, '.')
