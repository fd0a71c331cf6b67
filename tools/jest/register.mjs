// Every thread that runs specs loads this first (`node --import`).
import { register } from 'node:module';

register('./loader.mjs', import.meta.url);
process.setSourceMapsEnabled(true);
