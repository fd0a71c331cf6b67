import { connect } from '@nats-io/transport-node';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { JsonRpcProvider } from 'ethers';
import { Client as S3Client } from 'minio';
import pg from 'pg';
import { testAge, testAnvil, testNats, testObjectStore, testPostgres } from './servers.js';

describe('the servers of a test run', () => {
  it('give each caller a database that no other role may enter', async () => {
    const [one, other] = [await testPostgres(), await testPostgres()];
    const client = new pg.Client({ connectionString: one.url });
    await client.connect();
    await client.query('create table t (n int)');
    const trespass = new URL(one.url);
    trespass.username = new URL(other.url).username;
    trespass.password = new URL(other.url).password;
    await expect(new pg.Client({ connectionString: trespass.toString() }).connect()).rejects.toThrow(
      /permission denied/,
    );
    const gone = new Promise((resolve) => client.on('error', resolve));
    await one.close();
    await gone;
    await other.close();
  });

  it('give a NATS server with JetStream', async () => {
    const nats = await testNats();
    const connection = await connect({ servers: nats.url });
    await (await jetstreamManager(connection)).streams.add({ name: 'T', subjects: ['t'] });
    expect((await jetstream(connection).publish('t', 'hello')).seq).toBe(1);
    await connection.close();
    await nats.close();
  });

  it('give each caller a bucket that other keys cannot read', async () => {
    const [one, other] = [await testObjectStore(), await testObjectStore()];
    const clientOf = (keys: { accessKey: string; secretKey: string }) => {
      const { hostname, port } = new URL(one.endpoint);
      return new S3Client({ endPoint: hostname, port: Number(port), useSSL: false, region: 'us-east-1', ...keys });
    };
    const own = clientOf(one);
    await own.putObject(one.bucket, 'a/b', Buffer.from('hello'));
    expect((await own.statObject(one.bucket, 'a/b')).size).toBe(5);
    await expect(clientOf(other).statObject(one.bucket, 'a/b')).rejects.toMatchObject({ code: 'AccessDenied' });
    await expect(clientOf({ ...one, secretKey: 'wrong-secret' }).getObject(one.bucket, 'a/b')).rejects.toMatchObject({
      code: 'SignatureDoesNotMatch',
    });
    await one.close();
    await other.close();
  });

  it('give a chain that makes blocks', async () => {
    const chain = await testAnvil({ chainId: 4_242 });
    const provider = new JsonRpcProvider(chain.url);
    expect((await provider.getNetwork()).chainId).toBe(4_242n);
    provider.destroy();
    await chain.close();
  });

  it('find the public age tool', async () => {
    expect(await testAge()).toMatch(/age/);
  });
});
