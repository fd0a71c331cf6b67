import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException } from '@nestjs/common';
import { AppError, httpStatus, toAppError, toOperationOutcome, toProblem, toTokenError } from '@cpds/errors';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { throwError } from 'rxjs';
import type { ErrorForm } from './access.js';
import { errorLine, type Logger } from './log.js';

/** How each form of error is written. */
const forms: Record<ErrorForm, { type: string; bodyOf: (error: AppError) => object }> = {
  problem: { type: 'application/problem+json', bodyOf: toProblem },
  fhir: { type: 'application/fhir+json', bodyOf: toOperationOutcome },
  oauth: { type: 'application/json', bodyOf: toTokenError },
};

/** The one place where an error becomes an answer, in the form of its route, or the bus's own outcome. */
@Catch()
export class ErrorFilter implements ExceptionFilter {
  constructor(private readonly log: Logger) {}

  catch(thrown: unknown, host: ArgumentsHost): unknown {
    if (host.getType() !== 'http') return throwError(() => thrown); // settle() and the request transport look it up in the error table
    const request = host.switchToHttp().getRequest<FastifyRequest>();
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    const error = thrown instanceof HttpException ? fromHttp(thrown) : toAppError(thrown);
    const status = httpStatus(error);
    const level = error.kind === 'bug' ? 'error' : status >= 500 ? 'warn' : 'debug';
    this.log[level]({ route: request.routeOptions?.url, ...errorLine(error) }, 'request failed');
    // The headers are sent and the body was under way: only a cut connection can still tell the caller of the failure.
    if (reply.raw.headersSent) return reply.raw.destroy();
    if (error.retryAfterSec !== undefined || error.kind === 'unavailable')
      void reply.header('retry-after', String(error.retryAfterSec ?? 1));
    if (status === 405) void reply.header('allow', 'GET');
    const { type, bodyOf } = forms[request.routeOptions?.config.marks?.form ?? 'problem'];
    if (status === 401 && bodyOf !== toTokenError) void reply.header('www-authenticate', 'Bearer');
    // What else comes of the body is read away (see `drain`), unless it is the body that does not come.
    void (status === 408 ? reply.header('connection', 'close') : reply.removeHeader('connection'));
    return reply.status(status).type(type).send(bodyOf(error));
  }
}

/** Refusals of the HTTP server itself: unknown route, unknown content type, body too large or not JSON. */
function fromHttp(exception: HttpException): AppError {
  const status = exception.getStatus();
  if (status === 404) return new AppError('route-unknown', 'missing', 'there is no such route');
  if (status === 413)
    return new AppError('body-too-large', 'invalid', 'the body is too large', { status, field: 'body' });
  if (status === 415)
    return new AppError('content-type-unknown', 'invalid', 'this content type is not taken here', {
      status,
      field: 'content-type',
    });
  if (status < 500)
    return new AppError('bad-request', 'invalid', 'the request could not be read', { status, field: 'body' });
  return new AppError('internal', 'bug', 'an unexpected error stopped this request', { cause: exception });
}
