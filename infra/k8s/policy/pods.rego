# A pod is kept from what it does not need.
package cpds

deny contains found("a pod runs as no root, under a group that may read its secrets", workload) if {
	some workload in workloads
	not runs_as_no_root(pod_of(workload).securityContext)
}

runs_as_no_root(context) if {
	context.runAsNonRoot == true
	context.runAsUser > 0
	context.runAsGroup > 0
	context.fsGroup > 0
}

deny contains found("a pod has the runtime's seccomp profile", workload) if {
	some workload in workloads
	not pod_of(workload).securityContext.seccompProfile.type == "RuntimeDefault"
}

deny contains found("a pod has nothing of its node: no network, processes, paths or ports", workload) if {
	some workload in workloads
	has_of_node(workload)
}

has_of_node(workload) if {
	some field in ["hostNetwork", "hostPID", "hostIPC"]
	pod_of(workload)[field]
}

has_of_node(workload) if pod_of(workload).volumes[_].hostPath

has_of_node(workload) if containers_of(workload)[_].ports[_].hostPort

deny contains found("a container drops every capability and gains none", workload) if {
	some workload in workloads
	some container in containers_of(workload)
	not is_locked(container.securityContext)
}

is_locked(context) if {
	context.allowPrivilegeEscalation == false
	context.capabilities.drop == ["ALL"]
	not context.capabilities.add
	not context.privileged
}

deny contains found("a container's root file system is read-only", workload) if {
	some workload in workloads
	some container in containers_of(workload)
	not container.securityContext.readOnlyRootFilesystem == true
}

deny contains found("a pod has no token of a service account", workload) if {
	some workload in workloads
	not pod_of(workload).automountServiceAccountToken == false
}

deny contains found("a pod has a service account of its own", workload) if {
	some workload in workloads
	not has_own_account(workload)
}

has_own_account(workload) if {
	some account in input
	account.kind == "ServiceAccount"
	in_same_namespace(account, workload)
	account.metadata.name == pod_of(workload).serviceAccountName
	account.automountServiceAccountToken == false
	users := [other |
		some other in workloads
		in_same_namespace(other, workload)
		pod_of(other).serviceAccountName == account.metadata.name
	]
	count(users) == 1
}

deny contains found("a pod is not told of its neighbours in its environment", workload) if {
	some workload in workloads
	not pod_of(workload).enableServiceLinks == false
}

deny contains found("a container asks for processor, memory and disk, and has a limit of memory and disk", workload) if {
	some workload in workloads
	some container in containers_of(workload)
	not is_sized(container.resources)
}

is_sized(resources) if {
	resources.requests.cpu
	resources.requests.memory
	resources.requests["ephemeral-storage"]
	resources.limits.memory
	resources.limits["ephemeral-storage"]
}

# A limit of processor time stops a process in the middle of its work, however idle the node is.
deny contains found("no container has a limit of processor time", workload) if {
	some workload in workloads
	containers_of(workload)[_].resources.limits.cpu
}

deny contains found("scratch space has a limit", workload) if {
	some workload in workloads
	some volume in pod_of(workload).volumes
	volume.emptyDir
	not volume.emptyDir.sizeLimit
}
