/**
 * The driver for Docker, apart from the deciding parts, since it loads a library that only an agent needs.
 * @module
 */

export { type DockerDriverDeps, dockerDriver } from './docker-driver.ts';
export { type EngineFacts, engineFacts } from './engine-facts.ts';
