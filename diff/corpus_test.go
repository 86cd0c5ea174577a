package diff_test

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// corpusPair is a real schema before and after a change.
type corpusPair struct{ name, before, after string }

// corpusPairs are those beside the repository; without any, the test is
// skipped.
func corpusPairs(t *testing.T) []corpusPair {
	t.Helper()
	files, err := filepath.Glob("../../shared/corpus/*/old.graphql")
	if err != nil || len(files) == 0 {
		t.Skip("no ../shared/corpus beside the repository")
	}
	var all []corpusPair
	for _, file := range files {
		dir := filepath.Dir(file)
		all = append(all, corpusPair{filepath.Base(dir), read(t, file), read(t, filepath.Join(dir, "new.graphql"))})
	}
	return all
}

// corpusRenames are the renames in the real schemas beside the repository, by
// the folder of the pair, as a person sees them. In the other pairs there are
// none.
var corpusRenames = map[string]string{
	"cloudgraph-aws-0_0_1-to-0_1_0-maybe-type-rename-interface-removed": `
		alb>awsAlb metadataOptions>awsEc2MetadataOptions ebs>blockDeviceEbs blockDevice>awsEc2Blockdevice ec2>awsEc2
		vpc>awsVpc Listener>awsAlbListener ListenerSettings>awsAlbListenerSettings ListenerRule>awsAlbListenerRule
		MetaData>awsEc2Metadata securityGroup>awsSecurityGroup`,
	"cloudgraph-aws-0_26_5-to-0_27_0-maybe-type-rename-id-added": `
		awsLambaEnvironmentVariable>awsLambdaEnvironmentVariable`,
	"cloudgraph-aws-0_55_1-to-0_55_2-maybe-type-rename-fieldtype-changed": `
		Tag>awsRawTag`,
	"cloudgraph-azure-0_22_0-to-0_23_0-field-moved-to-interface-field-moved-from-in": `
		azureStorageContainer.storageAccounts>storageAccount azureStorageAccount.resourceGroups>resourceGroup
		azureStorageContainer.resourceGroups>resourceGroup`,
	"cloudgraph-azure-0_29_3-to-0_29_4-id-added-implements-removed": `
		azureAppServicePlan.resourceGroups>resourceGroup azureAppServiceWebApp.resourceGroups>resourceGroup
		azureResource.resourceGroup>resourceGroupId azureCdnCustomDomain.resourceGroups>resourceGroup
		azureCdnEndpoint.resourceGroups>resourceGroup azureCdnOriginGroup.resourceGroups>resourceGroup
		azureCdnOrigin.resourceGroups>resourceGroup azureCdnProfile.resourceGroups>resourceGroup
		azureContainerRegistry.resourceGroups>resourceGroup azureDatabaseMySql.resourceGroups>resourceGroup
		azureDatabasePostgreSql.resourceGroups>resourceGroup azureDatabaseSql.resourceGroups>resourceGroup
		azureDatabaseSqlVm.resourceGroups>resourceGroup azureDisk.resourceGroups>resourceGroup
		azureDisk.virtualMachines>virtualMachine azureDnsZone.resourceGroups>resourceGroup
		azureFirewall.resourceGroups>resourceGroup azureWebSiteFunction.resourceGroup>resourceGroupId
		azureFunctionApp.resourceGroups>resourceGroup azureKeyVault.resourceGroups>resourceGroup
		azureMonitorInsightsActivityLogAlertRule.resourceGroup>resourceGroupId
		azureNetworkInterface.resourceGroups>resourceGroup azurePolicyAssignment.resourceGroup>resourceGroupId
		azurePrivateDnsZone.resourceGroups>resourceGroup azurePublicIp.networkInterfaces>networkInterface
		azurePublicIp.resourceGroups>resourceGroup azureSecurityAssesment.resourceGroup>resourceGroupId
		azureNetworkSecurityGroup.resourceGroups>resourceGroup azureVirtualMachine.resourceGroups>resourceGroup
		azureVirtualMachineScaleSet.resourceGroups>resourceGroup azureVirtualNetwork.resourceGroups>resourceGroup
		azureEventGrid.resourceGroup>resourceGroupId azureEventGrid.resourceGroups>resourceGroup
		azureEventHub.resourceGroup>resourceGroupId azureEventHub.resourceGroups>resourceGroup`,
	"cloudgraph-gcp-0_20_0-to-0_20_1-maybe-field-rename-hasinverse-changed": `
		gcpCloudFunction.vpc>vpcConnectors gcpNetwork.vpc>vpcConnectors gcpProject.vpc>vpcConnectors
		gcpSubnet.vpc>vpcConnectors`,
	"cloudgraph-gcp-0_2_0-to-0_2_1-maybe-type-rename-fieldtype-changed": `
		Tag>gcpRawTag`,
	"cloudgraph-gcp-0_32_0-to-0_32_1-maybe-field-rename-hasinverse-changed": `
		gcpFolder.project>projects gcpFolder.iamPolicy>iamPolicies gcpNetwork.dnsPolicy>dnsPolicies
		gcpNetwork.firewall>firewalls gcpNetwork.subnet>subnets gcpNetwork.vmInstance>vmInstances
		gcpOrganization.folder>folders gcpOrganization.project>projects gcpProject.alertPolicy>alertPolicies
		gcpProject.cloudFunction>cloudFunctions gcpProject.dnsManagedZone>dnsManagedZones gcpProject.dnsPolicy>dnsPolicies
		gcpProject.iamPolicy>iamPolicies gcpProject.logBucket>logBuckets gcpProject.logMetric>logMetrics
		gcpProject.logView>logViews gcpProject.logSink>logSinks gcpProject.storageBucket>storageBuckets
		gcpProject.firewall>firewalls gcpProject.network>networks gcpProject.subnet>subnets gcpProject.vmInstance>vmInstances
		gcpSubnet.vmInstance>vmInstances gcpVpcConnector.cloudFunction>cloudFunctions gcpVpcConnector.subnet>subnets`,
	"kgis-datalake-dgraph-01-implements-removed-implements-added": `
		Shoppingable>Saleable Shoppingable.isShoppingable>Saleable.isSaleable`,
	"learning-dgraph-with-react-01-maybe-field-rename-field-added-nonnull": `
		User.userName>username`,
}

// TestCorpusRenames measures likely renames on the real schemas, where they are
// at hand.
func TestCorpusRenames(t *testing.T) {
	t.Parallel()
	pairs := corpusPairs(t)
	var s score
	for _, p := range pairs {
		var want []string
		for _, r := range strings.Fields(corpusRenames[p.name]) {
			before, after, _ := strings.Cut(r, ">")
			if owner, _, ok := strings.Cut(before, "."); ok && !strings.Contains(after, ".") {
				after = owner + "." + after // the type's name stays
			}
			want = append(want, before+">"+after)
		}
		s.count(t, p.name, found(compare(t, p.before, p.after, nil)), want)
	}
	for name := range corpusRenames {
		if !slices.ContainsFunc(pairs, func(p corpusPair) bool { return p.name == name }) {
			t.Errorf("the pair %s is gone", name)
		}
	}
	t.Logf("%d pairs: %s", len(pairs), s)
	if s.precision() < 0.95 || s.recall() < 0.9 {
		t.Error("want precision 0.95 and recall 0.9")
	}
}
