import { parse } from '@cpds/errors';
import {
  AuthorizeFetchQuery,
  CheckWithdrawalQuery,
  DeedInUseQuery,
  type OpenGrantsAnswer,
  OpenGrantsQuery,
  GrantQuery,
  MayServeQuery,
  OpenedQuery,
  ReleasedQuery,
  SignWithdrawalQuery,
  type AuthorizeFetchAnswer,
  type CheckWithdrawalAnswer,
  type DeedInUseAnswer,
  type GrantQueryAnswer,
  type MayServeAnswer,
  type ReleasedAnswer,
  type SignWithdrawalAnswer,
  type TransferState,
} from '@cpds/messages';
import { Controller } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { OpeningService } from './opening.service.js';
import { ServingService } from './serving.service.js';

/** What records of the same hospital asks about a grant. */
@Controller()
export class GrantsBusController {
  constructor(
    private readonly serving: ServingService,
    private readonly opening: OpeningService,
  ) {}

  @MessagePattern('bridge.open-grants')
  async openGrants(@Payload() body: unknown): Promise<OpenGrantsAnswer> {
    return { grantIds: await this.serving.openGrants(parse(OpenGrantsQuery, body, 'open-grants').commitment) };
  }

  @MessagePattern('bridge.sign-withdrawal')
  signWithdrawal(@Payload() body: unknown): Promise<SignWithdrawalAnswer> {
    return this.serving.signWithdrawal(parse(SignWithdrawalQuery, body, 'sign-withdrawal'));
  }

  @MessagePattern('bridge.check-withdrawal')
  checkWithdrawal(@Payload() body: unknown): Promise<CheckWithdrawalAnswer> {
    return this.serving.checkWithdrawal(parse(CheckWithdrawalQuery, body, 'check-withdrawal'));
  }

  @MessagePattern('bridge.deed-in-use')
  async deedInUse(@Payload() body: unknown): Promise<DeedInUseAnswer> {
    return { inUse: await this.serving.isInUse(parse(DeedInUseQuery, body, 'deed-in-use').commitment) };
  }

  @MessagePattern('bridge.may-serve')
  mayServe(@Payload() body: unknown): Promise<MayServeAnswer> {
    return this.serving.mayServe(parse(MayServeQuery, body, 'may-serve').grantId);
  }

  @MessagePattern('bridge.authorize-fetch')
  authorizeFetch(@Payload() body: unknown): Promise<AuthorizeFetchAnswer> {
    const { grantId, partials } = parse(AuthorizeFetchQuery, body, 'authorize-fetch');
    return this.serving.authorizeFetch(grantId, partials);
  }

  @MessagePattern('bridge.grant')
  grant(@Payload() body: unknown): Promise<GrantQueryAnswer> {
    return this.serving.grant(parse(GrantQuery, body, 'grant').grantId);
  }

  @MessagePattern('bridge.released')
  released(@Payload() body: unknown): Promise<ReleasedAnswer> {
    return this.opening.released(parse(ReleasedQuery, body, 'released').grantId);
  }

  @MessagePattern('bridge.opened')
  opened(@Payload() body: unknown): Promise<{ state: TransferState }> {
    return this.opening.opened(parse(OpenedQuery, body, 'opened').grantId);
  }
}
