# A namespace refuses what its pods do not need, before anybody reads a manifest.
package cpds

deny contains found("a namespace enforces the restricted profile", object) if {
	some object in input
	object.kind == "Namespace"
	some mode in ["enforce", "audit", "warn"]
	not object.metadata.labels[sprintf("pod-security.kubernetes.io/%s", [mode])] == "restricted"
}

deny contains found("nothing passes in a namespace but what a policy allows", object) if {
	some object in input
	object.kind == "Namespace"
	not denies_all(object.metadata.name)
}

denies_all(namespace) if {
	some policy in input
	policy.kind == "NetworkPolicy"
	namespace_of(policy) == namespace
	policy.spec == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
}

# A rule without a peer, or without a port, lets in everyone or everything.
deny contains found("a policy names peers and ports", object) if {
	some object in input
	object.kind == "NetworkPolicy"
	some direction in ["ingress", "egress"]
	some rule in object.spec[direction]
	not names_peers_and_ports(rule)
}

names_peers_and_ports(rule) if {
	peers := array.concat(object.get(rule, "from", []), object.get(rule, "to", []))
	count(peers) > 0
	count(object.get(rule, "ports", [])) > 0
	every peer in peers {
		peer != {}
		object.get(peer, "podSelector", null) != {}
		object.get(peer, "namespaceSelector", null) != {}
		object.get(peer, ["ipBlock", "cidr"], "") != "0.0.0.0/0"
		object.get(peer, ["ipBlock", "cidr"], "") != "::/0"
	}
}
