import { Module } from '@nestjs/common';
import { ProofsBusController } from './proofs.bus.controller.js';
import { ProofsHttpController } from './proofs.http.controller.js';
import { Proofs } from './proofs.service.js';

@Module({ controllers: [ProofsHttpController, ProofsBusController], providers: [Proofs] })
export class ProofsModule {}
