import type { AccountTokens } from './account-tokens.ts';
import type { Authenticate, TokenJudge } from './authenticate.ts';

/** All that a server knows about who somebody is. */
export interface Identity {
  authenticate: Authenticate;
  tokens: TokenJudge;
  accounts: AccountTokens;
}
