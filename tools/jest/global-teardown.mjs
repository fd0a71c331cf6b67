/** Closes the pipe that keeps the test servers alive and waits until they are gone. */
export default async function tearDown() {
  const supervisor = globalThis.cpdsTestSupervisor;
  if (supervisor === undefined) return;
  const ended = new Promise((resolve) => supervisor.once('exit', resolve));
  supervisor.ref();
  supervisor.stdin.end();
  await ended;
}
