// What every thread that runs specs loads first (`node --import`).
import { register } from 'node:module';

register('./loader.mjs', import.meta.url);
process.setSourceMapsEnabled(true);
