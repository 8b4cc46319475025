"""What a ledger can say of a loan, and the column titles it is said under."""

from app.labels import Labelled, T


class LedgerField(Labelled):
    """One thing that a ledger says of a loan. Its value is the name of the attribute of ``LedgerRow``."""

    TOWNSHIP = "township_code", T("Township")
    VILLAGE = "village", T("Village")
    GROUP = "group", T("Group")
    HEAD_NAME = "head_name", T("Name of the household's head")
    HEAD_ID = "head_id", T("ID number of the household's head")
    HOUSEHOLD_SIZE = "household_size", T("Members of the household")
    NAME = "name", T("Name of the borrower")
    ID_NUMBER = "id_number", T("ID number of the borrower")
    RELATION = "relation", T("Relation to the head")
    CATEGORY = "category", T("Category of the borrower")
    LENDER = "lender", T("Lender")
    BRANCH = "branch", T("Branch")
    PHONE = "phone", T("Phone number")
    CONTRACT_NO = "contract_no", T("Contract number")
    PRINCIPAL = "principal", T("Amount lent")
    BALANCE = "balance", T("Balance")
    OVERDUE = "overdue", T("Amount overdue")
    INTEREST_OWED = "interest_owed", T("Interest owed")
    REPAID = "repaid", T("Amount repaid")
    REPAID_ON = "repaid_on", T("Date of repayment")
    DISBURSED_ON = "disbursed_on", T("Date of lending")
    DUE_ON = "due_on", T("Due date")
    TERM = "term_months", T("Term")
    RATE = "rate", T("Interest rate")
    GRADE = "grade", T("Five-grade class")
    PURPOSE = "purpose", T("Purpose of the loan")
    REMARK = "remark", T("Remark")


class Unit(Labelled):
    """The unit that a column title states."""

    YUAN = "元", T("yuan")
    WAN = "万元", T("10,000 yuan")
    PERCENT = "%", T("percent")
    PER_MILLE = "‰", T("per mille a month")
    MONTH = "月", T("months")
    YEAR = "年", T("years")


F = LedgerField

# A row cannot be taken without these; the township may also be the name of the sheet.
REQUIRED = (F.CONTRACT_NO, F.ID_NUMBER, F.PRINCIPAL, F.BALANCE, F.DISBURSED_ON, F.DUE_ON)
AMOUNTS = frozenset({F.PRINCIPAL, F.BALANCE, F.OVERDUE, F.INTEREST_OWED, F.REPAID})
PERSONAL = frozenset({F.ID_NUMBER, F.HEAD_ID, F.PHONE})

# Titles in the form that ``headers.short_form`` gives: 借款人 and 客户 are 贷款人 there, 日期 and 时间 are
# 日, 号码 and 编号 are 号. Each list begins with the title that is shown where a column is lacking.
ALIASES: dict[LedgerField, str] = {
    F.TOWNSHIP: (
        "乡镇 乡 镇 街道 乡镇街道 乡镇名称 乡镇名 镇街 街镇 镇办 所属乡镇 所在乡镇 乡镇办事处 乡街道"
    ),
    F.VILLAGE: (
        "行政村 村 村委会 村名 村社区 所在村 村居 行政村名称 建制村 社区 村委会名称 行政村社区 所属村"
    ),
    F.GROUP: ("组别 组 村民小组 小组 自然村 村小组 村组 组名 自然村组 小组名称"),
    F.HEAD_NAME: ("户主姓名 户主 户主名 户主名称"),
    F.HEAD_ID: ("户主身份证号 户主身份证 户主证件号 户主公民身份号 户主身份证件号"),
    F.HOUSEHOLD_SIZE: ("家庭人口数 家庭人口 人口数 家庭人数 人口 户人口数 家庭成员数"),
    F.NAME: ("贷款人姓名 贷款人 贷款人名称 贷款户姓名 户名 贷款户名 贷款户名称 贷款户"),
    F.ID_NUMBER: (
        "贷款人身份证号 贷款人身份证 贷款人证件号 贷款人身份证件号 贷款人公民身份号 贷款户身份证号"
    ),
    F.RELATION: ("与户主关系 贷款人与户主关系 和户主关系 户主关系 关系"),
    F.CATEGORY: (
        "脱贫属性 户属性 农户类型 户类型 贷款人类型 农户属性 对象类别 人员类别 脱贫户类型 属性 监测对象类别 "
        "户类别 贷款对象 贫困户属性 对象类型"
    ),
    F.LENDER: (
        "贷款金融机构 贷款银行 承贷银行 承贷金融机构 放贷银行 经办银行 金融机构 银行 贷款机构 金融机构名称 "
        "放款银行 贷款行 承贷机构 银行名称 放贷机构 经办金融机构 放贷金融机构"
    ),
    F.BRANCH: (
        "支行 支行名称 网点 营业网点 经办支行 经办网点 经办机构 所属支行 贷款支行 承贷支行 网点名称 "
        "机构名称 所属网点 管户支行"
    ),
    F.PHONE: (
        "电话 联系电话 手机号 手机 电话号 联系方式 贷款人电话 贷款人联系电话 贷款人手机号 移动电话 "
        "贷款人手机 贷款人电话号 联系电话号"
    ),
    F.CONTRACT_NO: ("合同号 贷款合同号 合同 借据号 贷款号 贷款借据号 借款合同号 借款借据号 借据 合同借据号"),
    F.PRINCIPAL: (
        "贷款金额 放款金额 发放金额 贷款发放金额 借款金额 贷款本金 发放贷款金额 放贷金额 合同金额 借据金额 "
        "贷款额 贷款总额 发放额"
    ),
    F.BALANCE: (
        "贷款余额 余额 当前余额 贷款本金余额 本金余额 期末余额 结欠本金 剩余本金 未还本金 未还金额 现有余额 "
        "剩余金额 尚欠本金 借据余额 当前贷款余额 未还贷款余额"
    ),
    F.OVERDUE: (
        "逾期贷款金额 逾期金额 逾期本金 逾期余额 逾期贷款余额 贷款逾期金额 逾期贷款本金 逾期贷款 "
        "贷款逾期余额 逾期额"
    ),
    F.INTEREST_OWED: ("欠息金额 欠息 结欠利息 欠息额 拖欠利息 欠息余额 逾期利息 贷款欠息金额 贷款欠息"),
    F.REPAID: (
        "偿还贷款金额 还款金额 已还金额 已还本金 归还本金 归还金额 偿还金额 已偿还金额 累计还款金额 "
        "累计偿还金额 已还款金额 累计还款 已还贷款金额 归还贷款金额"
    ),
    F.REPAID_ON: ("还款日 最后还款日 最近还款日 偿还日 归还日 结清日 实际还款日 还清日 贷款还款日"),
    F.DISBURSED_ON: (
        "放款日 贷款日 发放日 贷款发放日 借款日 起始日 贷款起始日 贷款放款日 借款起始日 放贷日 起贷日 "
        "合同起始日 开始日 起息日 借据起始日 贷款起日"
    ),
    F.DUE_ON: (
        "到期日 贷款到期日 借款到期日 还款到期日 终止日 合同到期日 约定到期日 贷款终止日 借据到期日 "
        "合同终止日 贷款止日"
    ),
    F.TERM: ("贷款期限 期限 借款期限 合同期限 贷款期 借据期限"),
    F.RATE: ("贷款利率 利率 年利率 执行利率 贷款年利率 执行年利率 合同利率 月利率 执行月利率 贷款月利率"),
    F.GRADE: ("五级分类 贷款五级分类 风险分类 五级形态 五级分类结果 贷款分类 五级分类形态 贷款形态"),
    F.PURPOSE: ("贷款用途 用途 借款用途 资金用途 贷款用途说明"),
    F.REMARK: ("备注 说明 备注说明"),
}

# Titles whose owner (head of household or borrower) only the columns beside them tell.
SOMEBODYS_NAME = frozenset({"姓名"})
SOMEBODYS_ID = frozenset(
    ("身份证号", "身份证", "证件号", "公民身份号", "居民身份证号", "身份证件号", "身份号")
)

# The first column of a workbook of refused rows, in both languages.
REASON_HEADER = T("Why refused")
REASON_ALIASES = ("不予导入原因", "whyrefused")

# Known, and of no use here: not shown as unrecognised.
_UNUSED = (
    "序号 编号 号 no 性别 年龄 民族 授信额度 授信金融机构 授信机构 授信日 信用等级评定 信用等级 "
    "累计贴息金额 贴息金额 应贷未贷识别 欠息日 贷款逾期日 逾期日 逾期天数 省 市 市州 州市 县 县区 县市区 "
    "市县区 是否逾期 还款方式 担保方式 家庭住址 住址 地址 贴息利率 贷款逾期天数"
)
UNUSED = frozenset(_UNUSED.split()).union(REASON_ALIASES)

FIELD_OF_TITLE = {title: field for field, titles in ALIASES.items() for title in titles.split()}
