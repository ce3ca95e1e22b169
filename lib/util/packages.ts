/** Packages that are loaded when they are first needed. */
import { WechatPayError } from '../errors.js'
import { requireForge, requireSaxes } from './packages.cjs'

const CODE = 'ERR_PACKAGE_MISSING'

/** @throws WechatPayError `ERR_PACKAGE_MISSING` for a package that was left out of a bundle, or not installed. */
export const loadForge = () => load('node-forge', requireForge)

/** @throws WechatPayError `ERR_PACKAGE_MISSING`, as {@link loadForge}. */
export const loadSaxes = () => load('saxes', requireSaxes)

function load<Package>(name: string, require: () => Package): Package {
  try {
    return require()
  } catch (cause) {
    throw packageMissing(name, cause)
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
