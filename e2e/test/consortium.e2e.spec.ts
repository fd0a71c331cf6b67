import { badInputSuite } from './suites/bad-input.suite.js';
import { figuresSuite } from './suites/figures.suite.js';
import { killSuite } from './suites/kill.suite.js';
import { plantedSuite } from './suites/planted.suite.js';
import { recordsSuite } from './suites/records.suite.js';
import { restoredSuite } from './suites/restored.suite.js';
import { revokeSuite } from './suites/revoke.suite.js';
import { shareSuite } from './suites/share.suite.js';
import { tamperSuite } from './suites/tamper.suite.js';
import { whoMaySuite } from './suites/who-may.suite.js';
import { Stage } from './support/stage.js';

/** One consortium for all suites, because its start takes most of a minute; later suites meet what the earlier ones left. */
describe('a consortium of real processes', () => {
  let stage: Stage;
  const stageOf = (): Stage => stage;

  beforeAll(async () => {
    stage = await Stage.open();
  }, 600_000);
  afterAll(() => stage?.close(), 60_000);

  shareSuite(stageOf);
  killSuite(stageOf);
  badInputSuite(stageOf);
  whoMaySuite(stageOf);
  revokeSuite(stageOf);
  recordsSuite(stageOf);
  // After everything that could have written a planted string somewhere, refusals and crashes included.
  plantedSuite(stageOf);
  // After shares, refusals and readings, so that every figure has its labels.
  figuresSuite(stageOf);
  tamperSuite(stageOf);
  // After the verifier has looked: what a restored database numbers a second time raises alarms in the log.
  restoredSuite(stageOf);
});
