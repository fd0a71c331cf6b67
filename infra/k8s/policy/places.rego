# What stands beside the pods.
package cpds

deny contains found("a database commits on two servers, and gives nobody its superuser", object) if {
	some object in input
	object.apiVersion == "postgresql.cnpg.io/v1"
	object.kind == "Cluster"
	not is_safe(object.spec)
}

is_safe(spec) if {
	spec.enableSuperuserAccess == false
	spec.postgresql.synchronous.dataDurability == "required"
	spec.instances > spec.postgresql.synchronous.number
}

# For trying out on one node.
is_safe(spec) if {
	spec.enableSuperuserAccess == false
	spec.instances == 1
}

deny contains found("a door from outside has a certificate for each of its hosts", object) if {
	some object in input
	object.kind == "Ingress"
	hosts := {rule.host | some rule in object.spec.rules}
	secured := {host | some host in object.spec.tls[_].hosts; object.spec.tls[_].secretName}
	hosts != secured
}

deny contains found("only the hub's bus is reached past the doors", object) if {
	some object in input
	object.kind == "Service"
	object.spec.type in {"LoadBalancer", "NodePort"}
	object.metadata.name != "bus-outside"
}
