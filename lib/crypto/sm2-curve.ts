/** Multiplication of points of the curve SM2, which encryption needs and node:crypto does not offer. */
import { packageMissing } from '../util/packages.js'

/** All numbers are bytes; a point has 65 of them: 04, x, y. */
export interface Sm2Curve {
  /** A key pair for one message. */
  keygen(): { secretKey: Uint8Array; publicKey: Uint8Array }
  /** The coordinates, 64 bytes, of a point multiplied by a private key. @throws Error for a point that is not on the curve. */
  sharedPoint(secretKey: Uint8Array, point: Uint8Array): Uint8Array
}

let curve: Promise<Sm2Curve> | undefined

/**
 * Loads the curve on first use, from a package that only users of SM2 encryption install.
 *
 * @throws WechatPayError `ERR_PACKAGE_MISSING` (as a rejection) without the package.
 */
export function loadSm2Curve(): Promise<Sm2Curve> {
  curve ??= load().catch(error => {
    curve = undefined
    throw error
  })
  return curve
}

async function load(): Promise<Sm2Curve> {
  try {
    // Inside `try`, so that bundlers take the package for optional. Any version may be there: package.json demands none,
    // since that would fail the installation of a project that needs version 1 for something else.
    const { weierstrass, ecdh } = await import('@noble/curves/abstract/weierstrass.js')
    const { keygen, getPublicKey, getSharedSecret } = ecdh(weierstrass(SM2))
    return {
      keygen: () => {
        const { secretKey } = keygen()
        return { secretKey, publicKey: getPublicKey(secretKey, false) }
      },
      sharedPoint: (secretKey, point) => getSharedSecret(secretKey, point, false).subarray(1),
    }
  } catch (cause) {
    throw packageMissing('@noble/curves@2', cause)
  }
}

/** GB/T 32918.5. */
const SM2 = {
  p: 0xfffffffeffffffffffffffffffffffffffffffff00000000ffffffffffffffffn,
  a: 0xfffffffeffffffffffffffffffffffffffffffff00000000fffffffffffffffcn,
  b: 0x28e9fa9e9d9f5e344d5a9e4bcf6509a7f39789f515ab8f92ddbcbd414d940e93n,
  n: 0xfffffffeffffffffffffffffffffffff7203df6b21c6052b53bbf40939d54123n,
  h: 1n,
  Gx: 0x32c4ae2c1f1981195f9904466a39c9948fe30bbff2660be1715a4589334c74c7n,
  Gy: 0xbc3736a2f4f6779c59bdcee36b692153d0a9877cc62a474002df32e52139f0a0n,
}
