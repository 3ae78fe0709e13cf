/** What decides in the cluster. It comes with the schemas of all kinds, so it is loaded only by who needs it. */
export { decidingKinds, whatIf } from '@river/controllers/what-if';
