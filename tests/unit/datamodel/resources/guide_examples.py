"""The examples of the guide's chapter 7, with the straight quotation marks that a phone needs."""

REPLACE_RULES = b"""<DialRule>
  <Data Prefix="1" Replace="05928665234"/>
  <Data Prefix="2(xx)" Replace="002$1"/>
  <Data Prefix="5([6-9])(.)" Replace="3$2"/>
  <Data Prefix="0(.)" Replace="9$1"/>
  <Data Prefix="1009" Replace="05921009"/>
</DialRule>
"""

DIAL_NOW = b"""<DialNow>
  <Data DialNowRule="1234"/>
  <Data DialNowRule="52[0-6]"/>
  <Data DialNowRule="xxxxxx"/>
</DialNow>
"""

CALL_FAILED = b"""<CallFailed>
  <Disable>
    <Key Type="Empty"/>
    <Key Type="Switch"/>
    <Key Type="Cancel"/>
  </Disable>
  <Enable>
    <Key Type="NewCall"/>
    <Key Type="Empty"/>
    <Key Type="Empty"/>
    <Key Type="Empty"/>
  </Enable>
  <Default>
    <Key Type="NewCall"/>
    <Key Type="Empty"/>
    <Key Type="Empty"/>
    <Key Type="Empty"/>
  </Default>
</CallFailed>
"""

DIRECTORY = b"""<root_favorite_set>
<item id_name="localdirectory" display_name="Local Directory"
priority="1" enable="1" />
<item id_name="history" display_name="History" priority="2"
enable="0" />
<item id_name="remotedirectory" display_name="Remote Phone Book"
priority="3" enable="0" />
<item id_name="ldap" display_name="LDAP" priority="4" enable="0" />
</root_favorite_set>
"""

SUPER_SEARCH = b"""<root_super_search>
<item id_name="local_directory_search" display_name="Local Directory" priority="1" enable="1" />
<item id_name="calllog_search" display_name="History" priority="2" enable="1" />
<item id_name="remote_directory_search" display_name="Remote Phone Book" priority="3" enable="0" />
<item id_name="ldap_search" display_name="LDAP" priority="4" enable="0" />
</root_super_search>
"""

LOCAL_CONTACTS = b"""<root_group>
<group display_name="Friend" ring=""/>
<group display_name="Family" ring="Resource:Ring1.wav"/>
</root_group>
<root_contact>
<contact display_name="John" office_number="1001"
mobile_number="12345678910" other_number="" ring="Auto"
group_id_name="All Contacts"/>
<contact display_name="Alice" office_number="1002" mobile_number=""
other_number="" ring="Resource:Ring2.wav" group_id_name="Friend"/>
</root_contact>
"""

MENU = b"""<YealinkIPPhoneMenu>
<Title>XiaMen Yealink</Title>
<MenuItem>
<Name>Department1</Name>
<URL>http://10.3.6.117:8080/Department1.xml</URL>
</MenuItem>
<MenuItem>
<Name>Department2</Name>
<URL>http://10.3.6.117:8080/Department2.xml</URL>
</MenuItem>
<SoftKeyItem>
<Name>#</Name>
<URL>http://10.3.6.117:8080/TextMenu</URL>
</SoftKeyItem>
</YealinkIPPhoneMenu>
"""

DEPARTMENT = b"""<YealinkIPPhoneDirectory>
      <DirectoryEntry>
           <Name>Jack</Name>
           <Telephone>1003</Telephone>
      </DirectoryEntry>
      <DirectoryEntry>
           <Name>John</Name>
           <Telephone>1004</Telephone>
      </DirectoryEntry>
      <DirectoryEntry>
           <Name>Marry</Name>
           <Telephone>1005</Telephone>
      </DirectoryEntry>
</YealinkIPPhoneDirectory>
"""

EXAMPLES = {
    "replace-rules": REPLACE_RULES,
    "dial-now": DIAL_NOW,
    "softkeys-call-failed": CALL_FAILED,
    "directory": DIRECTORY,
    "super-search": SUPER_SEARCH,
    "local-contacts": LOCAL_CONTACTS,
    "phone-book-menu": MENU,
    "phone-book-department": DEPARTMENT,
}
