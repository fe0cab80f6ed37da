package drain

// What the fuzz targets feed.

func PlanOf(body []byte, o Options) (Plan, error) {
	page, err := decodePods(body)
	return planOf("worker-1", page.Items, o), err
}

func BudgetsOf(body []byte, version string, labels map[string]string) ([]Budget, error) {
	budgets, err := decodeBudgets(body, version)
	return budgetsOf(budgets, labels), err
}

func NodeOf(body []byte) (string, error) {
	node, err := decodeNode(body, "get node")
	return node.Metadata.Name, err
}

var EvictionVersionOf = decodeEvictionVersion
