import { openShop } from '../../../shop.ts'

/** Shows whether an order is paid. */
export async function GET(_: Request, { params }: { params: Promise<{ out_trade_no: string }> }): Promise<Response> {
  const order = openShop().orders.get((await params).out_trade_no)
  return Response.json(order ?? {}, { status: order ? 200 : 404 })
}
