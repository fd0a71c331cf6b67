#!/usr/bin/env node
import { inPinnedNode } from '../../../tools/node.mjs';

await inPinnedNode();
await import('../dist/main.js');
