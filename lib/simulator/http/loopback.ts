/** Recognizes the host names of this machine. */

/** `hostname` is that of a URL: in lower case, an IPv6 address in brackets. */
export function isLoopback(hostname: string): boolean {
  return /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/.test(hostname)
}
