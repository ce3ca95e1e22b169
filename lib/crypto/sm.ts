/** The national algorithms, which are loaded when they are first needed: few merchants use them. */
export * as Sm2 from './sm2.js'
export { loadSm2Cipher, type Sm2Cipher } from './sm2-cipher.js'
export * as Sm4Gcm from './sm4-gcm.js'
