/** The pages on which a user becomes a member: of a brand, or by a membership card. Need no key: the tokens are WeChat Pay's. */
import { type BusinessViews, businessView, type Platform } from './business-view.js'
import type { MiniProgramJump } from './contract.js'
import { checked } from './fields.js'

export interface BrandMembership {
  /** What v3/brand/partner/card-member/pre-auth-tokens (for a brand itself brand/card-member/pre-auth-tokens) answered. */
  token: string
  /** Default `CARD_MEMBER`. */
  scene?: string
}

/**
 * The page on which a user becomes a member of a brand (品牌会员).
 *
 * @throws InvalidArgumentError for a missing field.
 */
export function brandMembership<Where extends Platform>(
  membership: BrandMembership,
  platform: Where,
): BusinessViews<BrandMembership>[Where] {
  const { token, scene = 'CARD_MEMBER' } = checked(membership, ['token'])
  return businessView('wxpayCardMember', { token, scene }, platform)
}

export interface CardPermission {
  /** What v3/marketing/membercard-open/cards/{card_id}/permission-tokens answered. */
  permission_token: string
}

/**
 * The page on which a user takes a membership card (会员卡), opened from a page.
 *
 * @throws InvalidArgumentError for a missing field.
 */
export function memberCardPage(permission: CardPermission): BusinessViews<CardPermission>['jsapi'] {
  return businessView('wxpaymktMemberOpen', checked(permission, ['permission_token']), 'jsapi')
}

export interface MemberCard {
  /** The appid that the card was made with. */
  create_card_appid: string
  card_id: string
  /** Comes back with the event of the card being taken. */
  outer_str?: string
  /** `ACTIVATE_TYPE_NORMAL` or `ACTIVATE_TYPE_JUMP`, which leads to `jump_url`. */
  activate_type?: string
  jump_url?: string
  card_code?: string
}

/**
 * For `wx.navigateToMiniProgram`: the mini program in which a user takes a membership card (会员卡).
 *
 * @throws InvalidArgumentError for a missing field.
 */
export function memberCard(card: MemberCard): MiniProgramJump<MemberCard> {
  const extraData = checked(card, ['create_card_appid', 'card_id'])
  return { appId: 'wxeb490c6f9b154ef9', path: 'pages/card_open/card_open', extraData }
}
