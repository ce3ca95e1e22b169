/** Packages that are loaded when they are first needed. */
import { WechatPayError } from '../errors.js'

/**
 * @throws WechatPayError `ERR_PACKAGE_MISSING` for a package that was left out of a bundle, or not installed.
 */
export function loadPackage<Package>(name: string, load: () => Package): Package {
  try {
    return load()
  } catch (cause) {
    throw new WechatPayError(
      `The package ${name} cannot be loaded. Install it, or let the bundler include it in this program.`,
      { code: 'ERR_PACKAGE_MISSING', cause },
    )
  }
}
