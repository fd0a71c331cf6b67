import { Client as S3Client } from 'minio';
import type { Hospital } from './hospital.js';

/** A hospital's bucket as whoever has its key sees and changes it, behind the service's back. */
export class Bucket {
  private readonly client: S3Client;
  private readonly name: string;

  constructor({ bucket }: Pick<Hospital, 'bucket'>) {
    const { hostname, port } = new URL(bucket.endpoint);
    this.client = new S3Client({
      endPoint: hostname,
      port: Number(port),
      useSSL: false,
      region: 'us-east-1',
      ...bucket,
    });
    this.name = bucket.bucket;
  }

  async list(): Promise<string[]> {
    const names: string[] = [];
    for await (const { name } of this.client.listObjectsV2(this.name, '', true)) names.push(name as string);
    return names;
  }

  async get(key: string): Promise<Buffer> {
    const parts: Uint8Array[] = [];
    for await (const part of await this.client.getObject(this.name, key)) parts.push(part as Uint8Array);
    return Buffer.concat(parts);
  }

  async put(key: string, bytes: Buffer): Promise<void> {
    await this.client.putObject(this.name, key, bytes);
  }

  async remove(key: string): Promise<void> {
    await this.client.removeObject(this.name, key);
  }
}
