/** Packages that are loaded when they are first needed. */
import { WechatPayError } from '../errors.js'
import { requireForge, requireSaxes } from './packages.cjs'

const CODE = 'ERR_PACKAGE_MISSING'

export const loadForge = requireForge

/** @throws WechatPayError `ERR_PACKAGE_MISSING` when the package was left out of a bundle, or is not installed. */
export function loadSaxes() {
  try {
    return requireSaxes()
  } catch (cause) {
    throw packageMissing('saxes', cause)
  }
}

/** The error for a package that could not be loaded; `name` as `npm install` takes it. */
export function packageMissing(name: string, cause: unknown): WechatPayError {
  return new WechatPayError(
    `The package ${name} cannot be loaded. Run \`npm install ${name}\`, or let the bundler include it in this program.`,
    { code: CODE, cause },
  )
}

/** Whether an error says that a package is missing, rather than that something is wrong with what it was to read. */
export function isPackageMissing(error: unknown): boolean {
  return error instanceof WechatPayError && error.code === CODE
}
