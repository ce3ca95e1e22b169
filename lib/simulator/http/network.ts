/** The URL of a server for other devices of the network. */
import { networkInterfaces } from 'node:os'

/** The URL with this machine's address in the network; the URL itself if it names one, or if there is no network. */
export function networkUrl(url: string): string {
  const { protocol, hostname, port } = new URL(url)
  if (hostname !== '127.0.0.1') return url
  const addresses = Object.values(networkInterfaces()).flatMap(list => list ?? [])
  const outside = addresses.find(({ family, internal }) => family === 'IPv4' && !internal)
  return outside ? `${protocol}//${outside.address}:${port}` : url
}
