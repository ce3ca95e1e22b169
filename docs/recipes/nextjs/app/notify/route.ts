import { openShop } from '../../shop.ts'

/** Receives notifications. */
export function POST(request: Request): Promise<Response> {
  return openShop().handler(request)
}
