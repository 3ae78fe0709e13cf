/**
 * The driver for Docker, apart from the deciding parts.
 * @module
 */

export { type DockerDriverDeps, dockerDriver } from './docker-driver.ts';
export { type Engine, engine } from './engine.ts';
export { type EngineFacts, engineFacts } from './engine-facts.ts';
