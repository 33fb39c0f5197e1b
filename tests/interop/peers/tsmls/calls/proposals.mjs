// Proposals of members, one call a kind.

import { members } from "../actors.mjs";
import { unimplemented } from "../errors.mjs";
import { propose } from "../proposals.mjs";

/** @param {string} kind a proposal_type */
const call = (kind) => (request) => propose(members.find(request.state_id), kind, request);

export const AddProposal = call("add");

export const RemoveProposal = call("remove");

export const ExternalPSKProposal = call("externalPSK");

export const ResumptionPSKProposal = call("resumptionPSK");

export const GroupContextExtensionsProposal = call("groupContextExtensions");

export const ReInitProposal = call("reinit");

export function UpdateProposal() {
  throw unimplemented("it has no function that makes an Update proposal of one's own leaf");
}
