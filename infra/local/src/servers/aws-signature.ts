import { createHash, createHmac } from 'node:crypto';

/** The account that a request is signed for. */
export interface S3Credentials {
  readonly accessKey: string;
  readonly secretKey: string;
}

/** The headers that sign one request with AWS Signature Version 4, region us-east-1, service s3. `at` is the moment of signing. */
export function signedHeaders(
  request: { method: string; url: URL; body: Uint8Array },
  credentials: S3Credentials,
  at: Date,
): Record<string, string> {
  const amzDate = at.toISOString().replace(/[-:]|\.\d{3}/g, '');
  const day = amzDate.slice(0, 8);
  const bodyHash = createHash('sha256').update(request.body).digest('hex');
  const headers = { host: request.url.host, 'x-amz-content-sha256': bodyHash, 'x-amz-date': amzDate };
  const names = Object.keys(headers).sort().join(';');
  const canonical = [
    request.method,
    request.url.pathname,
    request.url.searchParams.toString(),
    ...Object.entries(headers).map(([name, value]) => `${name}:${value}`),
    '',
    names,
    bodyHash,
  ].join('\n');
  const scope = `${day}/us-east-1/s3/aws4_request`;
  const toSign = ['AWS4-HMAC-SHA256', amzDate, scope, createHash('sha256').update(canonical).digest('hex')].join('\n');
  const key = [day, 'us-east-1', 's3', 'aws4_request'].reduce<Buffer>(
    (secret, part) => createHmac('sha256', secret).update(part).digest(),
    Buffer.from(`AWS4${credentials.secretKey}`),
  );
  const signature = createHmac('sha256', key).update(toSign).digest('hex');
  return {
    'x-amz-content-sha256': bodyHash,
    'x-amz-date': amzDate,
    authorization: `AWS4-HMAC-SHA256 Credential=${credentials.accessKey}/${scope}, SignedHeaders=${names}, Signature=${signature}`,
  };
}
